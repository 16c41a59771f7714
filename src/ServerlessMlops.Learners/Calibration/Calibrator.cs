namespace ServerlessMlops.Learners.Calibration;

/// <summary>A monotone correction between a model's scores and its probabilities.</summary>
public abstract class Calibrator
{
    /// <summary>Turns raw scores into calibrated outputs in place, column-major: output k of row r at <c>[k * stride + r]</c>.</summary>
    public abstract void Apply(Link link, Span<float> scores, int stride, int rows, int outputs);
}
