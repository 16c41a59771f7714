namespace ServerlessMlops.Learners.Linear;

/// <summary>Raw scores <c>intercept_k + sum_c coefficient_kc * x_c</c>. With no columns it is a constant.</summary>
public sealed class LinearPredictor : Predictor
{
    /// <param name="coefficients">One row a score, one entry a column.</param>
    /// <param name="intercepts">One a score.</param>
    public LinearPredictor(float[][] coefficients, float[] intercepts)
    {
        ArgumentNullException.ThrowIfNull(coefficients);
        ArgumentNullException.ThrowIfNull(intercepts);
        if (coefficients.Length != intercepts.Length || intercepts.Length == 0)
        {
            throw new ArgumentException($"There are {coefficients.Length} rows of coefficients and {intercepts.Length} intercepts; expected one of each for every score, at least one.");
        }

        Coefficients = coefficients;
        Intercepts = intercepts;
        ColumnCount = coefficients[0].Length;
    }

    /// <summary>One row a score, one entry a column.</summary>
    public IReadOnlyList<float[]> Coefficients { get; }

    /// <summary>One a score.</summary>
    public IReadOnlyList<float> Intercepts { get; }

    /// <inheritdoc/>
    public override int ColumnCount { get; }

    /// <inheritdoc/>
    public override int ScoreCount => Intercepts.Count;

    /// <inheritdoc/>
    public override void Score(ReadOnlySpan<float> columns, int stride, int rows, Span<float> scores)
    {
        for (int k = 0; k < ScoreCount; k++)
        {
            Span<float> sums = scores.Slice(k * stride, rows);
            sums.Fill(Intercepts[k]);
            float[] coefficients = Coefficients[k];
            for (int c = 0; c < coefficients.Length; c++)
            {
                ReadOnlySpan<float> column = columns.Slice(c * stride, rows);
                for (int r = 0; r < column.Length; r++)
                {
                    sums[r] += coefficients[c] * column[r];
                }
            }
        }
    }
}
