namespace ServerlessMlops.Learners;

/// <summary>How a predictor's raw scores become outputs.</summary>
public enum Link
{
    /// <summary>The score is the value.</summary>
    Identity,

    /// <summary>Log-odds -> probability of the positive class, <c>1 / (1 + exp(-x))</c>.</summary>
    Logistic,

    /// <summary>A score a class -> probabilities, <c>exp(x_k) / sum exp(x)</c>.</summary>
    Softmax,

    /// <summary>Log of the mean -> mean, <c>exp(x)</c>.</summary>
    Exponential,
}

/// <summary>The links' formulas.</summary>
public static class LinkFunction
{
    /// <summary><c>1 / (1 + exp(-x))</c>.</summary>
    public static float Logistic(float x) => 1f / (1f + MathF.Exp(-x));

    /// <summary>Applies a link in place to raw scores, column-major: output k of row r at <c>[k * stride + r]</c>.</summary>
    public static void Apply(Link link, Span<float> scores, int stride, int rows, int outputs)
    {
        switch (link)
        {
            case Link.Identity:
                break;
            case Link.Logistic:
                for (int k = 0; k < outputs; k++)
                {
                    ApplyLogistic(scores.Slice(k * stride, rows));
                }

                break;
            case Link.Exponential:
                for (int k = 0; k < outputs; k++)
                {
                    foreach (ref float x in scores.Slice(k * stride, rows))
                    {
                        x = MathF.Exp(x);
                    }
                }

                break;
            default:
                ApplySoftmax(scores, stride, rows, outputs);
                break;
        }
    }

    private static void ApplyLogistic(Span<float> x)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = Logistic(x[i]);
        }
    }

    /// <summary>Subtracting the largest score first keeps exp from overflowing.</summary>
    private static void ApplySoftmax(Span<float> scores, int stride, int rows, int outputs)
    {
        for (int row = 0; row < rows; row++)
        {
            float max = float.NegativeInfinity;
            for (int k = 0; k < outputs; k++)
            {
                max = MathF.Max(max, scores[(k * stride) + row]);
            }

            float sum = 0;
            for (int k = 0; k < outputs; k++)
            {
                ref float x = ref scores[(k * stride) + row];
                x = MathF.Exp(x - max);
                sum += x;
            }

            for (int k = 0; k < outputs; k++)
            {
                scores[(k * stride) + row] /= sum;
            }
        }
    }
}
