using System.Text;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>Scores columns of rows by a model read from its file: feature vectors in, outputs out.</summary>
public static class ModelScorer
{
    private const int BlockRows = 1024;

    /// <summary>Feature vectors one after another, as <see cref="ScoringModel.Predict"/> takes them. A column that the rows lack counts as missing throughout.</summary>
    public static float[] Vectors(ScoringModel model, FeatureTable rows)
    {
        int width = model.Inputs.Count;
        float[] vectors = new float[rows.Rows * width];
        (Feature?[] columns, float[][] codes) = Columns(model, rows);
        for (int i = 0; i < width; i++)
        {
            Fill(columns[i], codes[i], 0, rows.Rows, vectors.AsSpan(i), width);
        }

        return vectors;
    }

    /// <summary>Outputs row by row, as <see cref="TrainedModel.Predict"/> gives them. A column that the rows lack counts as missing throughout.</summary>
    public static float[] Score(ScoringModel model, FeatureTable rows)
    {
        int width = model.Inputs.Count;
        (Feature?[] columns, float[][] codes) = Columns(model, rows);
        float[] outputs = new float[rows.Rows * model.OutputCount];
        float[] block = new float[BlockRows * width];
        for (int from = 0; from < rows.Rows; from += BlockRows)
        {
            int count = Math.Min(BlockRows, rows.Rows - from);
            for (int i = 0; i < width; i++)
            {
                Fill(columns[i], codes[i], from, count, block.AsSpan(i), width);
            }

            model.PredictBatch(block, count, outputs.AsSpan(from * model.OutputCount));
        }

        return outputs;
    }

    /// <summary>One number a row, whose distribution monitors watch: the probability of the positive class, of the winning class, or the value.</summary>
    /// <param name="outputs">As <see cref="Score"/> gives them.</param>
    /// <param name="width">Outputs a row.</param>
    /// <param name="task">What the model learned.</param>
    public static float[] Summary(float[] outputs, int width, LearningTask task)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        if (width == 1)
        {
            return outputs;
        }

        float[] summary = new float[outputs.Length / width];
        for (int row = 0; row < summary.Length; row++)
        {
            ReadOnlySpan<float> all = outputs.AsSpan(row * width, width);
            summary[row] = all[task == LearningTask.Multiclass ? WinnerOf(all) : width - 1];
        }

        return summary;
    }

    /// <summary>The number of the largest output, the first of equal ones.</summary>
    public static int WinnerOf(ReadOnlySpan<float> outputs)
    {
        int best = 0;
        for (int i = 1; i < outputs.Length; i++)
        {
            best = outputs[i] > outputs[best] ? i : best;
        }

        return best;
    }

    private static (Feature?[] Columns, float[][] Codes) Columns(ScoringModel model, FeatureTable rows)
    {
        Feature?[] columns = [.. model.Inputs.Select(input => rows.Features.FirstOrDefault(f => f.Name == input.Name && f.Kind == input.Kind))];
        return (columns, [.. columns.Select((column, input) => column is CategoricalFeature category ? Codes(model, input, category) : [])]);
    }

    private static void Fill(Feature? column, float[] codes, int from, int count, Span<float> block, int stride)
    {
        for (int row = 0; row < count; row++)
        {
            block[row * stride] = column switch
            {
                NumericFeature number => number.Values[from + row],
                CategoricalFeature category when category.Codes[from + row] is var code && code >= 0 => codes[code],
                _ => float.NaN,
            };
        }
    }

    private static float[] Codes(ScoringModel model, int input, CategoricalFeature category) =>
        [.. category.Categories.Select(name => model.EncodeCategory(input, Encoding.UTF8.GetBytes(name)))];
}
