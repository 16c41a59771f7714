namespace ServerlessMlops.Core.Monitoring.Attribution;

/// <summary>How much a feature moves the model's output: mean absolute Shapley value, on the output's scale, by group of the feature.</summary>
/// <param name="ByGroup">Mean of |value| of hold-out rows in each group, laid out as <see cref="FeatureGroups.Counts"/>.</param>
public sealed record FeatureAttribution(IReadOnlyList<float> ByGroup)
{
    /// <summary>The mean over rows that fall into the groups as <paramref name="counts"/> say, and the standard error of that for so many rows.</summary>
    public (double Mean, double Error) Over(IReadOnlyList<long> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        double rows = counts.Sum(), sum = 0, squares = 0;
        if (rows == 0)
        {
            return (0, 0);
        }

        for (int group = 0; group < counts.Count; group++)
        {
            sum += counts[group] * (double)ByGroup[group];
            squares += counts[group] * (double)ByGroup[group] * ByGroup[group];
        }

        double mean = sum / rows;
        return (mean, Math.Sqrt(Math.Max(0, (squares / rows) - (mean * mean)) / rows));
    }
}
