namespace ServerlessMlops.Learners.Calibration;

/// <summary>
/// Intervals for regression by split conformal prediction: the prediction plus and minus a quantile of absolute errors on rows that the model was not
/// trained on. If new rows are exchangeable with those, an interval holds the truth with at least the stated probability, whatever the model
/// (Lei et al., Journal of the American Statistical Association 2018).
/// </summary>
/// <param name="Coverage">Stated probability, above 0 and below 1.</param>
/// <param name="HalfWidth">In units of the target; infinite with too few rows for the coverage.</param>
/// <param name="Rows">Rows that it was found on.</param>
public readonly record struct ConformalInterval(double Coverage, double HalfWidth, int Rows)
{
    /// <summary>The half width is the <c>ceil((n + 1) coverage)</c>-th smallest of n errors.</summary>
    /// <param name="labels">True values by row.</param>
    /// <param name="predictions">Predictions by row.</param>
    /// <param name="coverage">Above 0 and below 1.</param>
    public static ConformalInterval Fit(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, double coverage)
    {
        if (labels.IsEmpty || labels.Length != predictions.Length || coverage is not (> 0 and < 1))
        {
            throw new ArgumentException(
                $"There are {labels.Length} labels and {predictions.Length} predictions for a coverage of {coverage}; expected as many of each, at least one, and a coverage above 0 and below 1.");
        }

        var errors = new double[labels.Length];
        for (int row = 0; row < errors.Length; row++)
        {
            errors[row] = Math.Abs((double)labels[row] - predictions[row]);
        }

        Array.Sort(errors);
        int rank = (int)Math.Ceiling(((errors.Length + 1) * coverage) - 1e-9);
        return new ConformalInterval(coverage, rank <= errors.Length ? errors[rank - 1] : double.PositiveInfinity, errors.Length);
    }

    /// <summary>The interval around a prediction.</summary>
    public (double Low, double High) Around(double prediction) => (prediction - HalfWidth, prediction + HalfWidth);
}
