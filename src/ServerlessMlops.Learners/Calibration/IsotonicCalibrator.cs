namespace ServerlessMlops.Learners.Calibration;

/// <summary>
/// A rising step function from raw score to probability, for two classes: <c>Values[i]</c> for <c>Thresholds[i - 1] &lt; score &lt;= Thresholds[i]</c>. It replaces
/// the link.
/// </summary>
public sealed class IsotonicCalibrator : Calibrator
{
    private readonly float[] _thresholds;
    private readonly float[] _values;

    /// <param name="thresholds">Strictly ascending.</param>
    /// <param name="values">Ascending, one more than thresholds.</param>
    public IsotonicCalibrator(float[] thresholds, float[] values)
    {
        ArgumentNullException.ThrowIfNull(thresholds);
        ArgumentNullException.ThrowIfNull(values);
        if (values.Length != thresholds.Length + 1)
        {
            throw new ArgumentException($"There are {values.Length} values for {thresholds.Length} thresholds; expected one more.", nameof(values));
        }

        _thresholds = thresholds;
        _values = values;
    }

    /// <summary>Scores at which the step before ends.</summary>
    public IReadOnlyList<float> Thresholds => _thresholds;

    /// <summary>Probability of each step.</summary>
    public IReadOnlyList<float> Values => _values;

    /// <inheritdoc/>
    public override void Apply(Link link, Span<float> scores, int stride, int rows, int outputs)
    {
        foreach (ref float score in scores[..rows])
        {
            int at = Array.BinarySearch(_thresholds, score);
            score = _values[at >= 0 ? at : ~at];
        }
    }
}
