using System.Text;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Training;

/// <summary>Scores hold-out rows by a stored model, the way that serving does: from its file, feature vectors in, outputs out.</summary>
internal static class HoldoutScorer
{
    private const int BlockRows = 1024;

    /// <summary>Outputs row by row, as <see cref="TrainedModel.Predict"/> gives them. A column that the rows lack counts as missing throughout.</summary>
    public static float[] Score(ScoringModel model, FeatureTable rows)
    {
        Func<int, float>[] inputs = [.. model.Inputs.Select((input, index) => Column(model, input, index, rows))];
        float[] outputs = new float[rows.Rows * model.OutputCount];
        float[] block = new float[BlockRows * inputs.Length];
        for (int from = 0; from < rows.Rows; from += BlockRows)
        {
            int count = Math.Min(BlockRows, rows.Rows - from);
            for (int row = 0; row < count; row++)
            {
                for (int i = 0; i < inputs.Length; i++)
                {
                    block[(row * inputs.Length) + i] = inputs[i](from + row);
                }
            }

            model.PredictBatch(block, count, outputs.AsSpan(from * model.OutputCount));
        }

        return outputs;
    }

    /// <summary>One number a row, whose distribution monitors watch: the probability of the positive class, of the winning class, or the value.</summary>
    public static float[] Summary(ScoringModel model, FeatureTable rows)
    {
        float[] outputs = Score(model, rows);
        if (model.OutputCount == 1)
        {
            return outputs;
        }

        float[] best = new float[rows.Rows];
        for (int row = 0; row < best.Length; row++)
        {
            best[row] = outputs.AsSpan(row * model.OutputCount, model.OutputCount).ToArray().Max();
        }

        return best;
    }

    private static Func<int, float> Column(ScoringModel model, ModelInput input, int index, FeatureTable rows)
    {
        Feature? feature = rows.Features.FirstOrDefault(f => f.Name == input.Name && f.Kind == input.Kind);
        switch (feature)
        {
            case NumericFeature number:
                return row => number.Values[row];
            case CategoricalFeature category:
                float[] codes = [.. category.Categories.Select(name => model.EncodeCategory(index, Encoding.UTF8.GetBytes(name)))];
                return row => category.Codes[row] < 0 ? float.NaN : codes[category.Codes[row]];
            default:
                return static _ => float.NaN;
        }
    }
}
