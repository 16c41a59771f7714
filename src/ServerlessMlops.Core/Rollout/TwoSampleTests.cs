using ServerlessMlops.Core.Monitoring.Statistics;

namespace ServerlessMlops.Core.Rollout;

/// <summary>What a test found.</summary>
/// <param name="Effect">Size of the difference, on the test's own scale.</param>
/// <param name="PValue">Probability of a difference at least as large were there none.</param>
public readonly record struct TestResult(double Effect, double PValue);

/// <summary>Tests of a challenger against a champion on counts of randomly divided traffic.</summary>
public static class TwoSampleTests
{
    /// <summary>
    /// Fisher's exact test, one-sided: whether the first fails more often than the second. Exact for any counts, so that a handful of errors is
    /// judged neither too soon nor too late. The effect is the difference of the rates.
    /// </summary>
    /// <param name="failures">Failures of the first.</param>
    /// <param name="total">Its requests, at least 1.</param>
    /// <param name="otherFailures">Failures of the second.</param>
    /// <param name="otherTotal">Its requests, at least 1.</param>
    public static TestResult FisherGreater(long failures, long total, long otherFailures, long otherTotal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(otherTotal, 1);
        long allFailures = failures + otherFailures;
        long all = total + otherTotal;
        long most = Math.Min(allFailures, total);

        // Hypergeometric tail: P(X = k) = C(K, k) C(N - K, n - k) / C(N, n), by the ratio of neighbours from the observed k up.
        double logFirst = LogChoose(allFailures, failures) + LogChoose(all - allFailures, total - failures) - LogChoose(all, total);
        double term = 1;
        double sum = 1;
        for (long k = failures; k < most && term > sum * 1e-17; k++)
        {
            term *= (double)(allFailures - k) / (k + 1) * ((double)(total - k) / (all - allFailures - total + k + 1));
            sum += term;
        }

        return new TestResult(((double)failures / total) - ((double)otherFailures / otherTotal), Math.Min(1, Math.Exp(logFirst + Math.Log(sum))));
    }

    /// <summary>
    /// Mann-Whitney's test on grouped values, one-sided: whether the first tends to larger values than the second. Ties (values of one group)
    /// count half; normal approximation with correction for ties and continuity. The effect is P(first &gt; second) + P(tie) / 2: 0.5 is no
    /// difference, 1 is always larger.
    /// </summary>
    /// <param name="counts">Counts of the first by group, in ascending order of values; at least one value.</param>
    /// <param name="otherCounts">Counts of the second in the same groups; at least one value.</param>
    public static TestResult MannWhitneyGreater(ReadOnlySpan<long> counts, ReadOnlySpan<long> otherCounts)
    {
        if (counts.Length != otherCounts.Length)
        {
            throw new ArgumentException($"The samples have {counts.Length} and {otherCounts.Length} groups; expected the same groups.", nameof(otherCounts));
        }

        double first = 0;
        double second = 0;
        double wins = 0;
        double ties = 0;
        for (int group = 0; group < counts.Length; group++)
        {
            wins += counts[group] * (second + (otherCounts[group] / 2.0));
            first += counts[group];
            second += otherCounts[group];
            double tied = counts[group] + otherCounts[group];
            ties += (tied * tied * tied) - tied;
        }

        if (first < 1 || second < 1)
        {
            throw new ArgumentException($"The samples have {first} and {second} values; both need one.", nameof(counts));
        }

        double total = first + second;
        double variance = first * second / 12 * (total + 1 - (ties / (total * Math.Max(1, total - 1))));
        double tail = variance > 0 ? Distributions.NormalTail((wins - (first * second / 2) - 0.5) / Math.Sqrt(variance)) : 1;
        return new TestResult(wins / (first * second), tail);
    }

    /// <summary>
    /// Whether two means differ, two-sided, by the normal approximation. For probabilities the variance of a 0/1 variable of that mean is a safe
    /// bound, which makes this the two-proportion test. The effect is the difference of the means.
    /// </summary>
    public static TestResult MeansDiffer(SampleMean first, SampleMean second)
    {
        double difference = first.Mean - second.Mean;
        double variance = (first.Variance / first.Size) + (second.Variance / second.Size);
        return new TestResult(difference, variance > 0 ? 2 * Distributions.NormalTail(Math.Abs(difference) / Math.Sqrt(variance)) : difference == 0 ? 1 : 0);
    }

    /// <summary>As <see cref="MeansDiffer"/>, one-sided: whether the first mean is larger.</summary>
    public static TestResult MeanGreater(SampleMean first, SampleMean second)
    {
        TestResult both = MeansDiffer(first, second);
        return both with { PValue = both.Effect > 0 ? both.PValue / 2 : 1 - (both.PValue / 2) };
    }

    private static double LogChoose(long n, long k) => Distributions.LogGamma(n + 1.0) - Distributions.LogGamma(k + 1.0) - Distributions.LogGamma(n - k + 1.0);
}

/// <summary>A mean with what its error follows from.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Variance">Variance of one value.</param>
/// <param name="Size">Independent values behind it, more than 0.</param>
public readonly record struct SampleMean(double Mean, double Variance, double Size);
