using System.Globalization;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Explaining;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>A point of an input's curve.</summary>
/// <param name="At">Value of the input.</param>
/// <param name="Outputs">Mean outputs with every row's value set to it.</param>
public sealed record InfluencePoint(string At, IReadOnlyList<double> Outputs);

/// <summary>How much a model relies on an input, and where the input takes the output.</summary>
/// <param name="Input">The input.</param>
/// <param name="Loss">How much worse the metric gets, in its units, when the input's values are shuffled among the hold-out's rows.</param>
/// <param name="Deviation">Standard deviation of that over the shuffles.</param>
/// <param name="Curve">Partial dependence: the mean output by the input's value; only for the weightiest inputs.</param>
public sealed record InputInfluence(string Input, double Loss, double Deviation, IReadOnlyList<InfluencePoint> Curve)
{
    private const int MostRows = 5000;
    private const int FewestRows = 200;
    private const int Shuffles = 3;
    private const int Curves = 5;
    private const int Points = 10;
    private const int MostIgnored = 20;

    /// <summary>Cells that may be looked at: with many inputs fewer rows serve.</summary>
    private const long Cells = 200_000_000;

    /// <summary>The influences of a model's inputs, the largest first, on rows that it was not trained on. The same arguments give the same numbers.</summary>
    /// <param name="predict">Outputs of a table's rows, row-major.</param>
    /// <param name="inputs">Names of the model's inputs.</param>
    /// <param name="holdout">The rows; of many, an even sample is taken.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="metric">What is watched.</param>
    public static IReadOnlyList<InputInfluence> Of(
        Func<FeatureTable, float[]> predict, IReadOnlyList<string> inputs, LabelledRows holdout, int classes, Metric metric)
    {
        ArgumentNullException.ThrowIfNull(predict);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(holdout);
        int all = holdout.Labels.Length, rows = (int)Math.Min(all, Math.Clamp(Cells / Shuffles / Math.Max(1L, (long)inputs.Count * inputs.Count), FewestRows, MostRows));
        int[] sample = [.. Enumerable.Range(0, rows).Select(i => (int)((long)i * all / rows))];
        FeatureTable table = rows == all ? holdout.Features : holdout.Features.Select(sample);
        float[] labels = rows == all ? holdout.Labels : FeatureTable.Take<float>(holdout.Labels, sample);
        string[] known = [.. inputs.Where(name => table.Features.Any(f => f.Name == name))];
        Importance[] importances =
        [
            .. Importances.ByPermutation(predict, known, table, labels, classes, metric, Shuffles, Candidates.Seed)
                .Where(i => double.IsFinite(i.Value)).OrderByDescending(i => i.Value).ThenBy(i => i.Input, StringComparer.Ordinal),
        ];
        return [.. importances.Select((importance, rank) => new InputInfluence(
            importance.Input, importance.Value, importance.Deviation, rank < Curves && importance.Value > 0 ? CurveOf(predict, table, importance.Input) : []))];
    }

    /// <summary>
    /// Whether shuffling the input changes nothing at all: the model does not look at it, as an elastic net at what it has dropped, or the hold-out has one value only.
    /// </summary>
    public bool IsNone() => Loss.Equals(0) && Deviation.Equals(0);

    /// <summary>Which inputs a model does without, as a sentence; null where it uses all.</summary>
    /// <param name="influences">Of all its inputs.</param>
    public static string? Ignored(IReadOnlyList<InputInfluence> influences)
    {
        ArgumentNullException.ThrowIfNull(influences);
        string[] ignored = [.. influences.Where(i => i.IsNone()).Select(i => i.Input)];
        string more = ignored.Length > MostIgnored ? string.Create(CultureInfo.InvariantCulture, $" and {ignored.Length - MostIgnored} more") : "";
        return ignored.Length == 0 ? null
            : $"It ignores {(ignored.Length == influences.Count ? "every input" : string.Join(", ", ignored.Take(MostIgnored)) + more)}: shuffling changes nothing.";
    }

    private static InfluencePoint[] CurveOf(Func<FeatureTable, float[]> predict, FeatureTable table, string input)
    {
        int outputs = Math.Max(1, predict(table).Length / table.Rows);
        return
        [
            .. PartialDependence.Of(predict, outputs, table, input, Points)
                .Select(p => new InfluencePoint(p.Category ?? p.Value.ToString("G6", CultureInfo.InvariantCulture), p.Outputs)),
        ];
    }
}
