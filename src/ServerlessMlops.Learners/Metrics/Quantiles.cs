namespace ServerlessMlops.Learners.Metrics;

/// <summary>Quantiles of weighted values.</summary>
public static class Quantiles
{
    /// <summary>The smallest value at or below which at least the share <paramref name="q"/> of the weight lies (the inverse of the distribution function).</summary>
    /// <param name="values">At least one; not NaN.</param>
    /// <param name="weights">At least 0; null means 1 each.</param>
    /// <param name="q">0 to 1.</param>
    public static double Weighted(ReadOnlySpan<float> values, float[]? weights, double q)
    {
        if (values.IsEmpty)
        {
            throw new ArgumentException("There are no values to take a quantile of; expected at least one.", nameof(values));
        }

        float[] sorted = values.ToArray();
        if (weights is null)
        {
            Array.Sort(sorted);
            return sorted[Math.Clamp((int)Math.Ceiling(q * sorted.Length) - 1, 0, sorted.Length - 1)];
        }

        float[] sortedWeights = [.. weights];
        Array.Sort(sorted, sortedWeights);
        double total = sortedWeights.Sum(w => (double)w), below = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            below += sortedWeights[i];
            if (below >= q * total)
            {
                return sorted[i];
            }
        }

        return sorted[^1];
    }
}
