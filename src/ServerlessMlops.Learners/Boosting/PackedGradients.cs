using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>Gradient and hessian of the loss at one row, times its weight.</summary>
internal struct GradientPair
{
    public float Gradient;
    public float Hessian;
}

/// <summary>
/// Gradients as fixed-point numbers: the gradient in the upper 32 bits (signed) and the hessian in the lower 32 (unsigned) of one word.
/// </summary>
/// <remarks>
/// The scales are the largest powers of two at which the sum over all rows of absolute gradients stays below 2^30, and that of hessians below
/// 2^31; a sum over any rows then fits, rounding included. A row of mean size has 2^30 / rows steps: a thousand at a million rows, where the rounding
/// error of a sum of n rows, about 0.3 / sqrt(n) steps, is far below the noise of the labels.
/// </remarks>
internal sealed class PackedGradients(double gradientScale, double hessianScale)
{
    private const int Chunk = 1 << 13;

    /// <summary>Most rows for which a sum of rounded values fits its half word.</summary>
    public const int MaxRows = 1 << 29;

    /// <summary>Size of one step of a packed gradient.</summary>
    public double GradientUnit { get; } = 1 / gradientScale;

    /// <summary>Size of one step of a packed hessian.</summary>
    public double HessianUnit { get; } = 1 / hessianScale;

    public static int GradientSteps(long packed) => (int)(packed >> 32);

    public static uint HessianSteps(long packed) => (uint)packed;

    /// <summary>Sum of gradients in units of the loss.</summary>
    public double Gradient(long packed) => GradientSteps(packed) * GradientUnit;

    /// <summary>Sum of hessians in units of the loss.</summary>
    public double Hessian(long packed) => HessianSteps(packed) * HessianUnit;

    /// <summary>Computes the gradients of all rows and packs them.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="words">Receives one word a row.</param>
    /// <param name="compute">Writes gradients for rows [from, from + length).</param>
    /// <param name="crew">Shares the work; chunks are fixed, so their number of threads changes no bit.</param>
    public static PackedGradients Create(int rows, long[] words, GradientSource compute, WorkCrew crew)
    {
        int chunks = (rows + Chunk - 1) / Chunk;
        var sums = new (double Gradient, double Hessian)[chunks];
        crew.Run(chunks, chunk =>
        {
            int from = chunk * Chunk;
            Span<GradientPair> pairs = MemoryMarshal.Cast<long, GradientPair>(words.AsSpan(from, Math.Min(Chunk, rows - from)));
            compute(from, pairs);
            double gradient = 0, hessian = 0;
            foreach (ref readonly GradientPair pair in pairs)
            {
                gradient += Math.Abs(pair.Gradient);
                hessian += pair.Hessian;
            }

            sums[chunk] = (gradient, hessian);
        });

        var packed = new PackedGradients(Scale(30, sums.Sum(s => s.Gradient)), Scale(31, sums.Sum(s => s.Hessian)));
        crew.Run(chunks, chunk =>
        {
            int from = chunk * Chunk;
            packed.Pack(words.AsSpan(from, Math.Min(Chunk, rows - from)));
        });
        return packed;
    }

    private void Pack(Span<long> words)
    {
        float g = (float)(1 / GradientUnit), h = (float)(1 / HessianUnit);
        int whole = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<float> scales = Vector256.Create(g, h, g, h, g, h, g, h);
            for (; whole + 4 <= words.Length; whole += 4)
            {
                Span<long> four = words.Slice(whole, 4);
                Vector256<float> steps = Vector256.Round(Vector256.Create<float>(MemoryMarshal.Cast<long, float>(four)) * scales);
                Vector256<int> rounded = Vector256.ConvertToInt32Native(steps);

                // Hessians are not negative, so that nothing is carried into the gradient: to change places is all.
                Vector256.Shuffle(rounded, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6)).AsInt64().CopyTo(four);
            }
        }

        foreach (ref long word in words[whole..])
        {
            GradientPair pair = Unsafe.BitCast<long, GradientPair>(word);
            long gradient = (long)MathF.Round(pair.Gradient * g);
            word = (gradient << 32) + (long)MathF.Round(pair.Hessian * h);
        }
    }

    private static double Scale(int bits, double sum) => sum > 0 ? Math.ScaleB(1, Math.Min(100, bits - 1 - Math.ILogB(sum))) : 1;
}

/// <summary>Writes gradients for the rows from <paramref name="from"/> on.</summary>
internal delegate void GradientSource(int from, Span<GradientPair> pairs);
