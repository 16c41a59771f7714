using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Encoding;
using ServerlessMlops.Learners.Linear;

namespace ServerlessMlops.Learners.Explaining;

/// <summary>What each feature contributed to a row's raw score, before calibration and link.</summary>
/// <param name="Base">Score of the average training row.</param>
/// <param name="Contributions">By model input; with <paramref name="Base"/> they add up to the score.</param>
public sealed record Explanation(double Base, double[] Contributions);

/// <summary>SHAP values of a model's rows, by input.</summary>
public static class Explainer
{
    /// <summary>
    /// Explains rows of a table. Trees: <see cref="TreeShap"/>. Linear: <c>coefficient * (x - mean)</c>, columns taken as independent (Lundberg and Lee, NIPS 2017,
    /// corollary 1); standardised numbers have mean 0, other columns' means come from <paramref name="background"/>. Columns made from one input are added up.
    /// </summary>
    /// <param name="model">As training returned it.</param>
    /// <param name="table">Rows to explain.</param>
    /// <param name="background">Rows that averages are taken over, for linear models; null means the rows themselves.</param>
    /// <param name="output">Index of the score.</param>
    public static Explanation[] Explain(TrainedModel model, FeatureTable table, FeatureTable? background = null, int output = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(table);
        float[][] columns = ColumnEncoder.Encode(model.Columns, model.Inputs, table);
        float[]? means = model.Predictor is LinearPredictor ? ColumnEncoder.Means(model.Columns, model.Inputs, background ?? table) : null;
        var explanations = new Explanation[table.Rows];
        Parallel.For(0, table.Rows, row =>
        {
            float[] x = [.. columns.Select(c => c[row])];
            (double[] values, double expected) = model.Predictor switch
            {
                TreeEnsemble trees => TreeShap.Explain(trees, x, output),
                LinearPredictor linear => ExplainLinear(linear, x, means!, output),
                _ => throw new ArgumentException($"Predictor {model.Predictor.GetType().Name} cannot be explained; expected trees or a linear predictor.", nameof(model)),
            };
            var byInput = new double[model.Inputs.Count];
            for (int c = 0; c < values.Length; c++)
            {
                byInput[model.Columns[c].Input] += values[c];
            }

            explanations[row] = new Explanation(expected, byInput);
        });
        return explanations;
    }

    internal static (double[] Values, double Base) ExplainLinear(LinearPredictor linear, ReadOnlySpan<float> row, float[] means, int output)
    {
        double expected = linear.Intercepts[output];
        var values = new double[row.Length];
        for (int c = 0; c < row.Length; c++)
        {
            double coefficient = linear.Coefficients[output][c];
            values[c] = coefficient * ((double)row[c] - means[c]);
            expected += coefficient * means[c];
        }

        return (values, expected);
    }
}
