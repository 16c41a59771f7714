using System.Text;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// Finds the inputs without which a model has no answer: a sum has none where a term is missing (NaN), a tree has. A file does not say so, so the model is asked, with one
/// value at a time missing.
/// </summary>
internal static class RequiredInputs
{
    // A row must stand for all rows that have every value; a model that, say, divides has no answer at one of these.
    private static readonly float[] Numbers = [0, 1];

    /// <summary>For each input, whether the model answers with what is no finite number where only that is missing. None where it answers without any of them, or not even with all.</summary>
    /// <param name="predictor">The model.</param>
    /// <param name="missing">A row of missing values.</param>
    /// <param name="present">A row of values; NaN where any number will do.</param>
    /// <returns>That, and the row of as many missing values as the model should have an answer to.</returns>
    public static (bool[] Required, float[] Emptiest) Of(IRowPredictor predictor, float[] missing, float[] present)
    {
        bool[] required = new bool[missing.Length];
        float[] outputs = new float[predictor.OutputCount], row = [.. missing];
        if (HasAnswer(row))
        {
            return (required, row);
        }

        foreach (float number in Numbers)
        {
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = float.IsNaN(present[i]) ? number : present[i];
            }

            if (HasAnswer(row))
            {
                for (int i = 0; i < row.Length; i++)
                {
                    float value = row[i];
                    row[i] = missing[i];
                    required[i] = !HasAnswer(row);
                    row[i] = value;
                }

                return (required, [.. row.Select((value, i) => required[i] ? value : missing[i])]);
            }
        }

        return (required, missing);

        bool HasAnswer(float[] features)
        {
            predictor.Predict(features, outputs);
            return outputs.All(float.IsFinite);
        }
    }

    /// <summary>Names of the inputs without which a model has no answer.</summary>
    public static IReadOnlyList<string> Of(ScoringModel model)
    {
        var predictor = new OnnxPredictor(model);
        float[] missing = [.. model.Inputs.Select((input, i) => input.Kind == InputKind.Category ? predictor.EncodeMissingCategory(i) : float.NaN)];
        float[] present = [.. model.Inputs.Select((input, i) => input is { Kind: InputKind.Category, Categories: [string first, ..] } ? predictor.EncodeCategory(i, Encoding.UTF8.GetBytes(first)) : float.NaN)];
        (bool[] required, _) = Of(predictor, missing, present);
        return [.. model.Inputs.Where((_, i) => required[i]).Select(input => input.Name)];
    }
}
