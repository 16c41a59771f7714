namespace ServerlessMlops.Learners.Calibration;

/// <summary>
/// Before the link, scores become <c>Slope * score + Intercept</c>. Two classes: Platt scaling (Platt, Advances in Large Margin Classifiers, 1999). Several:
/// temperature scaling, with intercept 0 (Guo et al., On calibration of modern neural networks, ICML 2017).
/// </summary>
/// <param name="slope">Above 0, so that order is kept.</param>
/// <param name="intercept">Added.</param>
public sealed class PlattCalibrator(float slope, float intercept) : Calibrator
{
    /// <summary>Factor on scores.</summary>
    public float Slope { get; } = slope;

    /// <summary>Added to scores.</summary>
    public float Intercept { get; } = intercept;

    /// <inheritdoc/>
    public override void Apply(Link link, Span<float> scores, int stride, int rows, int outputs)
    {
        for (int k = 0; k < outputs; k++)
        {
            foreach (ref float score in scores.Slice(k * stride, rows))
            {
                score = (Slope * score) + Intercept;
            }
        }

        LinkFunction.Apply(link, scores, stride, rows, outputs);
    }
}
