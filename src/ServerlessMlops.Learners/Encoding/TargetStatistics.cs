namespace ServerlessMlops.Learners.Encoding;

/// <summary>Settings of <see cref="TargetStatistics"/>.</summary>
public sealed record TargetStatisticsOptions
{
    /// <summary>Rows at the overall mean that every category is given beside its own, at least 0. Default 10.</summary>
    public double Smoothing { get; init; } = 10;

    /// <summary>A category of fewer rows counts as unknown, at least 1. Default 5.</summary>
    public int MinRows { get; init; } = 5;

    /// <summary>Folds of the statistics that training rows see, 2 to 100. Default 10.</summary>
    public int Folds { get; init; } = 10;

    /// <summary>
    /// A category of so many rows is encoded for training as it is for prediction, at least 1. Default 100. One row among so many moves its mean next to
    /// nothing, while the folds' means would blur it with categories of a like mean: a tree could no longer tell them apart.
    /// </summary>
    public int SettledRows { get; init; } = 100;

    /// <summary>
    /// A column of so many rows, at least 95% of them with one of its 254 most frequent categories of <see cref="SettledRows"/>, has no statistic: trees split it by sets
    /// of categories, which they find anew in every leaf. At least 1, default 5,000. On fewer rows sets fit noise.
    /// </summary>
    public int SetRows { get; init; } = 5_000;

    /// <summary>Most classes that each get a statistic of their own, by frequency, at least 1. Default 12.</summary>
    public int MaxClasses { get; init; } = 12;
}

/// <summary>
/// A category as the smoothed mean of the target among its rows, <c>(sum + m * mean) / (n + m)</c> (Micci-Barreca, SIGKDD Explorations 2001). A training
/// row must not see its own target in its encoding, or the learner trusts the category too much; so training rows of categories with few rows
/// are encoded by the statistics of the other folds, and only new rows by those of all rows.
/// </summary>
public static class TargetStatistics
{
    /// <summary>The statistics of all rows, for prediction.</summary>
    /// <param name="input">Index of the model's input.</param>
    /// <param name="feature">The category column.</param>
    /// <param name="signal">Number by row: the target, or 1 for the rows of one class and 0 for the others.</param>
    /// <param name="weights">Null means 1 each.</param>
    /// <param name="options">Settings.</param>
    public static CategoryLookup Fit(int input, CategoricalFeature feature, float[] signal, float[]? weights, TargetStatisticsOptions options)
    {
        Sums sums = SumByFold(feature, signal, weights, null, 1)[0];
        var values = new float[feature.Categories.Length];
        for (int code = 0; code < values.Length; code++)
        {
            values[code] = (float)sums.Smoothed(code, options);
        }

        return new CategoryLookup(input, values, (float)sums.Mean, float.NaN);
    }

    /// <summary>
    /// What training rows see: each row's category by the rows of the other folds, or by all where it has <see cref="TargetStatisticsOptions.SettledRows"/>. A missing
    /// category stays NaN.
    /// </summary>
    /// <param name="feature">The category column.</param>
    /// <param name="signal">As in <see cref="Fit"/>.</param>
    /// <param name="weights">Null means 1 each.</param>
    /// <param name="options">Settings.</param>
    /// <param name="seed">Of the division into folds.</param>
    public static float[] EncodeOutOfFold(CategoricalFeature feature, float[] signal, float[]? weights, TargetStatisticsOptions options, int seed)
    {
        var encoded = new float[feature.Rows];
        var fold = new byte[feature.Rows];
        for (int row = 0; row < fold.Length; row++)
        {
            fold[row] = (byte)(Hash.Unit(seed, 7919, row) * options.Folds);
        }

        Sums[] own = SumByFold(feature, signal, weights, fold, options.Folds);
        Sums all = own.Aggregate((a, b) => a.Combine(b, 1));
        Sums[] others = [.. own.Select(part => all.Combine(part, -1))];
        double[] settled = [.. Enumerable.Range(0, feature.Categories.Length).Select(code => all.Rows[code] >= options.SettledRows ? (float)all.Smoothed(code, options) : double.NaN)];
        for (int row = 0; row < encoded.Length; row++)
        {
            int code = feature.Codes[row];
            encoded[row] = code < 0 ? float.NaN : double.IsNaN(settled[code]) ? (float)others[fold[row]].Smoothed(code, options) : (float)settled[code];
        }

        return encoded;
    }

    /// <summary>By category: sum of signal, of weights, and number of rows.</summary>
    private sealed record Sums(double[] Signal, double[] Weight, int[] Rows)
    {
        public double Mean { get; } = Weight.Sum() is > 0 and var weight ? Signal.Sum() / weight : 0;

        public double Smoothed(int code, TargetStatisticsOptions options) => Rows[code] < options.MinRows
            ? Mean
            : (Signal[code] + (options.Smoothing * Mean)) / (Weight[code] + options.Smoothing);

        public Sums Combine(Sums other, int sign) => new(
            [.. Signal.Zip(other.Signal, (a, b) => a + (sign * b))], [.. Weight.Zip(other.Weight, (a, b) => a + (sign * b))], [.. Rows.Zip(other.Rows, (a, b) => a + (sign * b))]);
    }

    private static Sums[] SumByFold(CategoricalFeature feature, float[] signal, float[]? weights, byte[]? fold, int folds)
    {
        int categories = feature.Categories.Length;
        var (signals, weightSums, rows) = (new double[folds][], new double[folds][], new int[folds][]);
        for (int f = 0; f < folds; f++)
        {
            (signals[f], weightSums[f], rows[f]) = (new double[categories], new double[categories], new int[categories]);
        }

        for (int row = 0; row < feature.Rows; row++)
        {
            int code = feature.Codes[row];
            if (code >= 0)
            {
                int f = fold is null ? 0 : fold[row];
                double weight = weights is null ? 1 : weights[row];
                signals[f][code] += weight * signal[row];
                weightSums[f][code] += weight;
                rows[f][code]++;
            }
        }

        return [.. Enumerable.Range(0, folds).Select(f => new Sums(signals[f], weightSums[f], rows[f]))];
    }
}
