using System.Globalization;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Evaluation.Measuring;

/// <summary>The hold-out rows with the largest losses, without what is sensitive.</summary>
internal static class WorstRows
{
    private const int Most = 20;

    public static IReadOnlyList<WorstRow> Find(TrainingData data, PipelineSpec spec, float[] predictions, double[] losses)
    {
        bool IsSensitive(string column) => spec.Columns.TryGetValue(column, out ColumnSpec? known) && known.Sensitive;
        LabelledRows rows = data.Holdout;
        bool showsTarget = !IsSensitive(spec.Target), showsKey = rows.Keys is not null && !IsSensitive(spec.Key!);
        Feature[] shown = [.. rows.Features.Features.Where(f => !IsSensitive(f.Name))];
        int width = predictions.Length / losses.Length;
        return
        [
            .. Enumerable.Range(0, losses.Length).OrderByDescending(row => losses[row]).ThenBy(row => row).Take(Most).Select(row => new WorstRow(rows.Numbers.Count > 0 ? rows.Numbers[row] : row, losses[row])
            {
                Key = showsKey && !rows.Keys!.IsMissing(row) ? rows.Keys.TextAt(row) : null,
                Truth = showsTarget ? Truth(data, rows.Labels[row]) : null,
                Predicted = showsTarget ? Predicted(data.Task, rows.Labels[row], predictions.AsSpan(row * width, width)) : null,
                Values = shown.ToDictionary(f => f.Name, f => Text(f, row), StringComparer.Ordinal),
            }),
        ];
    }

    /// <summary>A feature's value as text; null where it is missing.</summary>
    public static string? Text(Feature feature, int row) => feature switch
    {
        NumericFeature number => float.IsNaN(number.Values[row]) ? null : number.Values[row].ToString(CultureInfo.InvariantCulture),
        CategoricalFeature category => category.Codes[row] < 0 ? null : category.Categories[category.Codes[row]],
        _ => null,
    };

    private static string Truth(TrainingData data, float label) =>
        data.Task == LearningTask.Regression ? label.ToString(CultureInfo.InvariantCulture) : data.Classes[(int)label];

    private static double Predicted(LearningTask task, float label, ReadOnlySpan<float> outputs) => task switch
    {
        LearningTask.Regression => outputs[0],
        LearningTask.Binary => label > 0.5f ? outputs[0] : 1 - outputs[0],
        _ => outputs[(int)label],
    };
}
