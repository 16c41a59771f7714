using System.Text.Json.Serialization;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// What is counted of live traffic to one model version. Everything adds: two windows of the same version merge by adding each number,
/// in any order. Positions are those of the model card, so rows need no names.
/// </summary>
public sealed class WindowSums
{
    // Fields, for counters add to them from many threads.
    internal long PositivesCell;
    internal double PositiveSumCell;

    /// <summary>Zeros in the layout of a model.</summary>
    /// <param name="features">The card's <see cref="ModelCard.Reference"/>.</param>
    /// <param name="output">The card's <see cref="ModelCard.OutputReference"/>.</param>
    public static WindowSums Empty(IReadOnlyList<FeatureGroups> features, FeatureGroups output) => new()
    {
        Features = [.. features.Select(feature => new long[feature.GroupCount])],
        OutOfRange = new long[features.Count],
        Unknown = new long[features.Count],
        Outputs = new long[output.GroupCount],
        OutputSums = new double[output.GroupCount],
        Statuses = new long[StatusClasses.Count],
        Latencies = new long[LatencyGroups.Count],
    };

    /// <summary>Rows that have a key, per group of keys; see <see cref="KeyGroups"/>.</summary>
    public long[] KeyRows { get; init; } = new long[KeyGroups.Count];

    /// <summary>Sum of their outputs per group of keys.</summary>
    public double[] KeySums { get; init; } = new double[KeyGroups.Count];

    /// <summary>Zeros in the layout of a model.</summary>
    public static WindowSums Empty(ModelCard card) => Empty(card.Reference, card.OutputReference);

    /// <summary>Zeros in the layout of another window.</summary>
    public static WindowSums Empty(WindowSums layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return new WindowSums
        {
            Features = [.. layout.Features.Select(groups => new long[groups.Length])],
            OutOfRange = new long[layout.OutOfRange.Length],
            Unknown = new long[layout.Unknown.Length],
            Outputs = new long[layout.Outputs.Length],
            OutputSums = new double[layout.OutputSums.Length],
            Statuses = new long[layout.Statuses.Length],
            Latencies = new long[layout.Latencies.Length],
        };
    }

    /// <summary>Rows per group of each feature, [feature][group], laid out as <see cref="FeatureGroups.Counts"/>.</summary>
    public required long[][] Features { get; init; }

    /// <summary>Number features: values below the training minimum or above its maximum, [feature]. They are counted in the outer groups too.</summary>
    public required long[] OutOfRange { get; init; }

    /// <summary>Category features: names not seen in training, [feature]. They are counted among the rest too.</summary>
    public required long[] Unknown { get; init; }

    /// <summary>Predictions per group of the model's output.</summary>
    public required long[] Outputs { get; init; }

    /// <summary>Sum of the outputs per group; what estimated performance is made of.</summary>
    public required double[] OutputSums { get; init; }

    /// <summary>Binary: predictions at or above the decision threshold.</summary>
    public long Positives
    {
        get => PositivesCell;
        set => PositivesCell = value;
    }

    /// <summary>Binary: sum of their probabilities.</summary>
    public double PositiveSum
    {
        get => PositiveSumCell;
        set => PositiveSumCell = value;
    }

    /// <summary>Requests by class of status; see <see cref="StatusClasses"/>.</summary>
    public required long[] Statuses { get; init; }

    /// <summary>Requests by latency; see <see cref="LatencyGroups"/>.</summary>
    public required long[] Latencies { get; init; }

    /// <summary>Rows predicted.</summary>
    [JsonIgnore]
    public long Predictions => Outputs.Sum();

    /// <summary>Requests answered, errors included.</summary>
    [JsonIgnore]
    public long Requests => Statuses.Sum();

    /// <summary>Whether nothing was counted.</summary>
    [JsonIgnore]
    public bool IsEmpty =>
        Requests == 0 && Predictions == 0 && Positives == 0 && PositiveSum == 0 && Array.TrueForAll(OutputSums, sum => sum == 0)
        && Array.TrueForAll(Features, IsZero) && IsZero(OutOfRange) && IsZero(Unknown) && IsZero(KeyRows) && Array.TrueForAll(KeySums, sum => sum == 0);

    /// <summary>Adds another window of the same model to this one.</summary>
    /// <exception cref="ArgumentException">The other has another layout: it is of another model.</exception>
    public void Add(WindowSums other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Features.Length != other.Features.Length)
        {
            throw new ArgumentException($"Windows of different models do not add: {Features.Length} features and {other.Features.Length}.", nameof(other));
        }

        for (int feature = 0; feature < Features.Length; feature++)
        {
            AddTo(Features[feature], other.Features[feature], $"groups of feature {feature}");
        }

        AddTo(OutOfRange, other.OutOfRange, "out-of-range counts");
        AddTo(Unknown, other.Unknown, "unknown-category counts");
        AddTo(Outputs, other.Outputs, "groups of the output");
        AddTo(Statuses, other.Statuses, "status classes");
        AddTo(Latencies, other.Latencies, "latency groups");
        AddTo(KeyRows, other.KeyRows, "groups of keys");
        for (int group = 0; group < KeySums.Length; group++)
        {
            KeySums[group] += other.KeySums[group];
        }

        for (int group = 0; group < OutputSums.Length; group++)
        {
            OutputSums[group] += other.OutputSums[group];
        }

        Positives += other.Positives;
        PositiveSum += other.PositiveSum;
    }

    private static void AddTo(long[] sums, long[] more, string what)
    {
        if (sums.Length != more.Length)
        {
            throw new ArgumentException($"Windows of different models do not add: {sums.Length} {what} and {more.Length}.");
        }

        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += more[i];
        }
    }

    // Every cell counts: a request that a snapshot cut in two may leave only the sum of its output behind, and that must not be thrown away.
    private static bool IsZero(long[] counts) => Array.TrueForAll(counts, count => count == 0);
}
