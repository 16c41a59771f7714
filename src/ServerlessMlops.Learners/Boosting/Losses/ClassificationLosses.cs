using System.Runtime.Intrinsics;

namespace ServerlessMlops.Learners.Boosting.Losses;

/// <summary>Log loss of two classes with <c>p = 1 / (1 + exp(-s))</c>: gradient <c>p - y</c>, hessian <c>p (1 - p)</c>.</summary>
internal sealed class LogisticLoss : Loss
{
    public override int Outputs => 1;

    public override Link Link => Link.Logistic;

    public override float[] BaseScores(Labels labels)
    {
        double p = Math.Clamp(WeightedMean(labels), 1e-7, 1 - 1e-7);
        return [(float)Math.Log(p / (1 - p))];
    }

    public override void Gradients(int output, float[][] scores, Labels labels, int from, Span<GradientPair> pairs)
    {
        ReadOnlySpan<float> score = scores[0].AsSpan(from, pairs.Length), target = labels.Target.AsSpan(from, pairs.Length);
        Span<float> p = stackalloc float[Vector256<float>.Count];
        for (int i = 0; i < pairs.Length; i += p.Length)
        {
            int count = Math.Min(p.Length, pairs.Length - i);
            p.Clear();
            score.Slice(i, count).CopyTo(p);
            Vector256<float> one = Vector256<float>.One;
            (one / (one + Vector256.Exp(-Vector256.Create<float>(p)))).CopyTo(p);
            for (int lane = 0; lane < count; lane++)
            {
                float weight = labels.Weight(from + i + lane);
                pairs[i + lane] = new GradientPair
                {
                    Gradient = weight * (p[lane] - target[i + lane]),
                    Hessian = weight * p[lane] * (1 - p[lane]),
                };
            }
        }
    }

    /// <summary><c>log(1 + exp(-s))</c> for the positive class, <c>log(1 + exp(s))</c> for the negative, without overflow.</summary>
    protected override double Value(float[][] scores, int row, float target)
    {
        double s = target > 0.5f ? scores[0][row] : -scores[0][row];
        return s > 0 ? Math.Log(1 + Math.Exp(-s)) : Math.Log(1 + Math.Exp(s)) - s;
    }
}

/// <summary>
/// Log loss of several classes with softmax probabilities: gradient <c>p_k - [y = k]</c>. The stand-in for the hessian is <c>2 p_k (1 - p_k)</c>: twice the
/// diagonal bounds the whole matrix, which the diagonal alone does not, so that a class of few rows cannot make the steps diverge.
/// </summary>
internal sealed class SoftmaxLoss(int classes) : Loss
{
    private const int Chunk = 1 << 12;
    private const float SmallestHessian = 1e-16f;

    private float[][]? _probabilities;

    public override int Outputs => classes;

    public override Link Link => Link.Softmax;

    public override float[] BaseScores(Labels labels)
    {
        var counts = new double[classes];
        double total = 0;
        for (int row = 0; row < labels.Target.Length; row++)
        {
            counts[(int)labels.Target[row]] += labels.Weight(row);
            total += labels.Weight(row);
        }

        // A class without a row still has a finite score.
        return [.. counts.Select(c => (float)Math.Log(Math.Max(c, 1e-3) / Math.Max(total, 1e-3)))];
    }

    public override void BeginRound(float[][] scores, WorkCrew crew)
    {
        int rows = scores[0].Length;
        float[][] p = _probabilities ??= [.. scores.Select(s => new float[s.Length])];
        crew.Run((rows + Chunk - 1) / Chunk, chunk =>
        {
            for (int row = chunk * Chunk, end = Math.Min(rows, row + Chunk); row < end; row++)
            {
                float max = float.NegativeInfinity, sum = 0;
                for (int k = 0; k < classes; k++)
                {
                    max = MathF.Max(max, scores[k][row]);
                }

                for (int k = 0; k < classes; k++)
                {
                    sum += p[k][row] = MathF.Exp(scores[k][row] - max);
                }

                for (int k = 0; k < classes; k++)
                {
                    p[k][row] /= sum;
                }
            }
        });
    }

    public override void Gradients(int output, float[][] scores, Labels labels, int from, Span<GradientPair> pairs)
    {
        ReadOnlySpan<float> p = _probabilities![output].AsSpan(from, pairs.Length);
        for (int i = 0; i < pairs.Length; i++)
        {
            float weight = labels.Weight(from + i);
            float hit = labels.Target[from + i] == output ? 1 : 0;
            pairs[i] = new GradientPair { Gradient = weight * (p[i] - hit), Hessian = weight * MathF.Max(2 * p[i] * (1 - p[i]), SmallestHessian) };
        }
    }

    protected override double Value(float[][] scores, int row, float target)
    {
        double max = double.NegativeInfinity, sum = 0;
        for (int k = 0; k < classes; k++)
        {
            max = Math.Max(max, scores[k][row]);
        }

        for (int k = 0; k < classes; k++)
        {
            sum += Math.Exp(scores[k][row] - max);
        }

        return Math.Log(sum) + max - scores[(int)target][row];
    }
}
