using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Boosting.Losses;

/// <summary><c>(s - y)^2 / 2</c>: gradient <c>s - y</c>, hessian 1.</summary>
internal sealed class SquaredLoss : Loss
{
    public override int Outputs => 1;

    public override Link Link => Link.Identity;

    public override float[] BaseScores(Labels labels) => [(float)WeightedMean(labels)];

    public override void Gradients(int output, float[][] scores, Labels labels, int from, Span<GradientPair> pairs)
    {
        ReadOnlySpan<float> score = scores[0].AsSpan(from, pairs.Length), target = labels.Target.AsSpan(from, pairs.Length);
        for (int i = 0; i < pairs.Length; i++)
        {
            float weight = labels.Weight(from + i);
            pairs[i] = new GradientPair { Gradient = weight * (score[i] - target[i]), Hessian = weight };
        }
    }

    protected override double Value(float[][] scores, int row, float target)
    {
        double error = scores[0][row] - target;
        return error * error / 2;
    }
}

/// <summary>
/// Pinball loss <c>max(q (y - s), (q - 1) (y - s))</c>: gradient <c>1 - q</c> above the target, <c>-q</c> below. The tree is grown on these signs with hessian 1;
/// a leaf's value is then the quantile of its residuals (Friedman, Greedy function approximation, 2001, algorithm 3). At q = 0.5 this is
/// half the absolute error.
/// </summary>
internal sealed class QuantileLoss(double quantile) : Loss
{
    public override int Outputs => 1;

    public override Link Link => Link.Identity;

    public override double? LeafQuantile => quantile;

    public override float[] BaseScores(Labels labels) => [(float)Quantiles.Weighted(labels.Target, labels.Weights, quantile)];

    public override void Gradients(int output, float[][] scores, Labels labels, int from, Span<GradientPair> pairs)
    {
        float above = (float)(1 - quantile), below = (float)-quantile;
        for (int i = 0; i < pairs.Length; i++)
        {
            float weight = labels.Weight(from + i);
            float error = scores[0][from + i] - labels.Target[from + i];
            pairs[i] = new GradientPair { Gradient = weight * (error > 0 ? above : error < 0 ? below : 0), Hessian = weight };
        }
    }

    protected override double Value(float[][] scores, int row, float target)
    {
        double residual = target - scores[0][row];
        return Math.Max(quantile * residual, (quantile - 1) * residual);
    }
}

/// <summary>Poisson likelihood with log link, <c>exp(s) - y s</c>: gradient <c>exp(s) - y</c>, hessian <c>exp(s)</c>.</summary>
internal sealed class PoissonLoss : Loss
{
    /// <summary>Keeps exp finite while a first tree overshoots.</summary>
    private const float MaxScore = 30;

    public override int Outputs => 1;

    public override Link Link => Link.Exponential;

    public override float[] BaseScores(Labels labels)
    {
        int negative = Array.FindIndex(labels.Target, y => y < 0);
        if (negative >= 0)
        {
            throw new ArgumentException($"Row {negative} has target {labels.Target[negative]}; Poisson loss expects counts of at least 0. Choose squared loss for targets of both signs.");
        }

        return [(float)Math.Log(Math.Max(WeightedMean(labels), 1e-9))];
    }

    public override void Gradients(int output, float[][] scores, Labels labels, int from, Span<GradientPair> pairs)
    {
        for (int i = 0; i < pairs.Length; i++)
        {
            float weight = labels.Weight(from + i);
            float mean = MathF.Exp(MathF.Min(scores[0][from + i], MaxScore));
            pairs[i] = new GradientPair { Gradient = weight * (mean - labels.Target[from + i]), Hessian = weight * mean };
        }
    }

    protected override double Value(float[][] scores, int row, float target) => Math.Exp(scores[0][row]) - ((double)target * scores[0][row]);
}
