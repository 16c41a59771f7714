using System.Runtime.Intrinsics;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>The best cut of a leaf that was found.</summary>
internal readonly record struct Split
{
    public static Split None => new() { Column = -1, Gain = double.NegativeInfinity };

    public double Gain { get; init; }

    public int Column { get; init; }

    /// <summary>Last bin that goes left.</summary>
    public int Bin { get; init; }

    public bool MissingLeft { get; init; }

    /// <summary>Whether it divides category codes, those of <see cref="Members"/> to the left, and not numbers at <see cref="Bin"/>.</summary>
    public bool IsSet { get; init; }

    /// <summary>Category codes that go left, as <see cref="CategorySet.Bits"/>: an object for each split that is looked at would be most of a training's garbage.</summary>
    public Vector256<uint> Members { get; init; }

    /// <summary>The same as an object; null for a cut between bins of numbers.</summary>
    public CategorySet? Set => IsSet ? new CategorySet(Members) : null;

    /// <summary>Packed gradient sum of the left child.</summary>
    public long LeftSum { get; init; }

    public bool Exists => Column >= 0;

    /// <summary>Marks the bins whose rows go left with 1, others with 0.</summary>
    /// <param name="bins">256 marks.</param>
    /// <param name="missingBin">The bin of missing values; -1 if there are none.</param>
    public void MarkLeft(Span<byte> bins, int missingBin)
    {
        bins.Clear();
        if (IsSet)
        {
            for (int code = 0; code < CategorySet.MaxCodes; code++)
            {
                bins[code] = (byte)(CategorySet.Contains(Members, code) ? 1 : 0);
            }

            return;
        }

        bins[..(Bin + 1)].Fill(1);
        if (missingBin >= 0)
        {
            bins[missingBin] = (byte)(MissingLeft ? 1 : 0);
        }
    }
}

/// <summary>What a split has to respect in one leaf.</summary>
/// <param name="Sum">Packed gradient sum of the leaf.</param>
/// <param name="Rows">Rows in the leaf.</param>
/// <param name="Lower">Least value that the leaf's descendants may have, from monotonic constraints above.</param>
/// <param name="Upper">Greatest one.</param>
internal readonly record struct LeafBounds(long Sum, int Rows, double Lower, double Upper);

/// <summary>
/// Finds, in the histogram of one column, the cut with the largest gain: with G and H the sums of gradients and hessians,
/// <c>gain = G_l^2 / (H_l + l2) + G_r^2 / (H_r + l2) - G^2 / (H + l2)</c>, twice the reduction of the loss's second-order approximation
/// (Chen and Guestrin, XGBoost, KDD 2016, eq. 7).
/// </summary>
internal sealed class SplitFinder(BoostingOptions options, PackedGradients packed)
{
    private const double SmallestGain = 1e-10;

    /// <summary>The best split of a leaf by one column, or <see cref="Split.None"/>.</summary>
    /// <param name="column">Column index.</param>
    /// <param name="histogram">Packed sums of its bins; after those of values comes that of missing ones, where there are any.</param>
    /// <param name="binner">Its bins.</param>
    /// <param name="leaf">The leaf.</param>
    /// <param name="monotonic">1, 0 or -1.</param>
    public Split Find(int column, ReadOnlySpan<long> histogram, Binner binner, LeafBounds leaf, int monotonic)
    {
        if (binner.Categories > 0)
        {
            return FindSet(column, histogram, leaf);
        }

        int valueBins = binner.ValueBins;
        long missing = valueBins < histogram.Length ? histogram[valueBins] : 0;
        Split best = Scan(column, histogram[..valueBins], 0, missing != 0, leaf, monotonic);
        if (missing != 0)
        {
            Split missingLeft = Scan(column, histogram[..valueBins], missing, false, leaf, monotonic) with { MissingLeft = true };
            best = missingLeft.Gain > best.Gain ? missingLeft : best;
        }

        return best;
    }

    /// <summary>
    /// The best division of a leaf's categories into two sets: in the order of <c>G / (H + smoothing)</c> it is a cut (Fisher, On grouping for maximum homogeneity,
    /// JASA 1958; exact without smoothing, as the gain is convex in G and H). Categories with too few rows in the leaf, of which noise alone would decide, stand in that
    /// order as one; so do those that the leaf has no row of.
    /// </summary>
    private Split FindSet(int column, ReadOnlySpan<long> histogram, LeafBounds leaf)
    {
        double hessian = packed.Hessian(leaf.Sum);
        if (hessian <= 0)
        {
            return Split.None;
        }

        double hessianPerRow = hessian / leaf.Rows, support = (options.MinCategoryRows - 0.5) * hessianPerRow, smoothing = options.CategorySmoothing * hessianPerRow;
        int rest = histogram.Length, count = 0;
        Span<double> keys = stackalloc double[rest + 1];
        Span<int> order = stackalloc int[rest + 1];
        long few = 0;
        for (int code = 0; code < histogram.Length; code++)
        {
            if (packed.Hessian(histogram[code]) < support)
            {
                few += histogram[code];
                continue;
            }

            keys[count] = packed.Gradient(histogram[code]) / (packed.Hessian(histogram[code]) + smoothing);
            order[count++] = code;
        }

        if (packed.Hessian(few) > 0)
        {
            keys[count] = packed.Gradient(few) / (packed.Hessian(few) + smoothing);
            order[count++] = rest;
        }

        keys[..count].Sort(order[..count]);
        Span<long> ordered = stackalloc long[count];
        for (int i = 0; i < count; i++)
        {
            ordered[i] = order[i] == rest ? few : histogram[order[i]];
        }

        Split cut = Scan(column, ordered, 0, false, leaf, 0);
        return cut.Exists ? cut with { Bin = 0, IsSet = true, Members = Left(order[..count], cut.Bin, rest, 2 * packed.Hessian(cut.LeftSum) >= hessian) } : cut;
    }

    /// <summary>The codes that are left of a cut.</summary>
    /// <param name="order">Codes as they were cut, and <paramref name="rest"/> for all that are not listed.</param>
    /// <param name="last">The last place on the left.</param>
    /// <param name="rest">Number of codes.</param>
    /// <param name="restLeft">Whether codes not listed go left where <paramref name="rest"/> is not listed either: where most rows go.</param>
    private static Vector256<uint> Left(ReadOnlySpan<int> order, int last, int rest, bool restLeft)
    {
        int at = order.IndexOf(rest);
        restLeft = at >= 0 ? at <= last : restLeft;
        Span<uint> words = stackalloc uint[CategorySet.MaxCodes / 32];
        words.Clear();
        for (int code = 0; code < rest && restLeft; code++)
        {
            words[code >> 5] |= 1u << (code & 31);
        }

        for (int i = 0; i < order.Length; i++)
        {
            if (order[i] != rest)
            {
                uint bit = 1u << (order[i] & 31);
                ref uint word = ref words[order[i] >> 5];
                word = i <= last ? word | bit : word & ~bit;
            }
        }

        return Vector256.Create<uint>(words);
    }

    /// <summary>Tries every cut from left to right, starting with <paramref name="left"/> on the left side.</summary>
    private Split Scan(int column, ReadOnlySpan<long> histogram, long left, bool missingRight, LeafBounds leaf, int monotonic)
    {
        double hessian = packed.Hessian(leaf.Sum), gradient = packed.Gradient(leaf.Sum);
        double leafTerm = gradient * gradient / (hessian + options.L2);
        double rowsPerHessian = hessian > 0 ? leaf.Rows / hessian : 0;

        // The rows of a child are its share of the leaf's hessian; half a row of tolerance for rounding.
        double least = Math.Max(options.MinChildWeight, hessian > 0 ? (options.MinSamplesLeaf - 0.5) / rowsPerHessian : 0);
        double best = SmallestGain;
        int bestBin = -1;
        long bestLeft = 0;
        bool bounded = monotonic != 0 || !double.IsInfinity(leaf.Lower) || !double.IsInfinity(leaf.Upper);

        // With missing values on the right, all values on the left is a cut too.
        int cuts = missingRight ? histogram.Length : histogram.Length - 1;
        for (int bin = 0; bin < cuts; bin++)
        {
            left += histogram[bin];
            double hessianLeft = packed.Hessian(left);
            double hessianRight = hessian - hessianLeft;
            if (hessianLeft < least)
            {
                continue;
            }

            if (hessianRight < least)
            {
                break;
            }

            double gradientLeft = packed.Gradient(left);
            double gradientRight = gradient - gradientLeft;
            double gain = bounded
                ? BoundedGain(gradientLeft, hessianLeft, gradientRight, hessianRight, gradient, hessian, leaf, monotonic)
                : (gradientLeft * gradientLeft / (hessianLeft + options.L2)) + (gradientRight * gradientRight / (hessianRight + options.L2)) - leafTerm;
            if (gain > best)
            {
                best = gain;
                bestBin = bin;
                bestLeft = left;
            }
        }

        return bestBin < 0 ? Split.None : new Split { Gain = best, Column = column, Bin = bestBin, LeftSum = bestLeft };
    }

    /// <summary>Value of a leaf: the minimum of the second-order approximation within bounds, <c>-G / (H + l2)</c>.</summary>
    public double LeafValue(long sum, double lower, double upper) => LeafValue(packed.Gradient(sum), packed.Hessian(sum), lower, upper);

    private double LeafValue(double gradient, double hessian, double lower, double upper)
    {
        double denominator = hessian + options.L2;
        return denominator > 0 ? Math.Clamp(-gradient / denominator, lower, upper) : Math.Clamp(0, lower, upper);
    }

    private double BoundedGain(double gl, double hl, double gr, double hr, double g, double h, LeafBounds leaf, int monotonic)
    {
        double left = LeafValue(gl, hl, leaf.Lower, leaf.Upper), right = LeafValue(gr, hr, leaf.Lower, leaf.Upper);
        if ((monotonic > 0 && left > right) || (monotonic < 0 && left < right))
        {
            return double.NegativeInfinity;
        }

        double whole = LeafValue(g, h, leaf.Lower, leaf.Upper);
        return Reduction(gl, hl, left) + Reduction(gr, hr, right) - Reduction(g, h, whole);
    }

    /// <summary>Twice the reduction of the loss by a leaf of value w: <c>-(2 G w + (H + l2) w^2)</c>; <c>G^2 / (H + l2)</c> at the minimum.</summary>
    private double Reduction(double gradient, double hessian, double value) => -((2 * gradient) + ((hessian + options.L2) * value)) * value;
}
