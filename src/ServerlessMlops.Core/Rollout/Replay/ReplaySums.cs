namespace ServerlessMlops.Core.Rollout.Replay;

/// <summary>What the answers of one version came to when they were scored again.</summary>
/// <param name="Rows">Rows that it answered.</param>
/// <param name="Flipped">Rows of which the decision is another now.</param>
/// <param name="Difference">Sum of the absolute differences of the outputs.</param>
public sealed record ReplayedVersion(long Rows, long Flipped, double Difference);

/// <summary>Labelled rows: how the answers that were given and those of the replay turned out.</summary>
/// <param name="Rows">Rows whose label is known.</param>
/// <param name="LoggedRight">Decisions given that were right; 0 for regression.</param>
/// <param name="ReplayedRight">Decisions of the replay that are right; 0 for regression.</param>
/// <param name="LoggedLoss">Sum of the losses of the answers given: log loss, or squared error.</param>
/// <param name="ReplayedLoss">Sum of the losses of the replay.</param>
public sealed record ReplayedLabels(long Rows, long LoggedRight, long ReplayedRight, double LoggedLoss, double ReplayedLoss);

/// <summary>Sums over replayed rows; sums of two stretches of the log add up.</summary>
public sealed record ReplaySums
{
    /// <summary>Rows compared.</summary>
    public long Rows { get; init; }

    /// <summary>Rows that could not be scored again, or whose line could not be read.</summary>
    public long Unscorable { get; init; }

    /// <summary>Why the first of them could not.</summary>
    public string? FirstFault { get; init; }

    /// <summary>Inputs of the version that were not logged with a row, and in how many rows; they count as missing values.</summary>
    public IReadOnlyDictionary<string, long> MissingInputs { get; init; } = new Dictionary<string, long>();

    /// <summary>Decisions that changed, as <c>from -> to</c>, and how often.</summary>
    public IReadOnlyDictionary<string, long> Flips { get; init; } = new Dictionary<string, long>();

    /// <summary>By the version that gave the answer.</summary>
    public IReadOnlyDictionary<int, ReplayedVersion> ByVersion { get; init; } = new Dictionary<int, ReplayedVersion>();

    /// <summary>Outputs that were given, in the groups of the replayed version's hold-out.</summary>
    public IReadOnlyList<long> Logged { get; init; } = [];

    /// <summary>Outputs of the replay, in the same groups.</summary>
    public IReadOnlyList<long> Replayed { get; init; } = [];

    /// <summary>Sum of the outputs that were given.</summary>
    public double LoggedSum { get; init; }

    /// <summary>Sum of the outputs of the replay.</summary>
    public double ReplayedSum { get; init; }

    /// <summary>The largest absolute difference of an output.</summary>
    public double LargestDifference { get; init; }

    /// <summary>Rows whose label is known.</summary>
    public ReplayedLabels Labelled { get; init; } = new(0, 0, 0, 0, 0);

    /// <summary>Both together.</summary>
    public ReplaySums Add(ReplaySums other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new ReplaySums
        {
            Rows = Rows + other.Rows,
            Unscorable = Unscorable + other.Unscorable,
            FirstFault = FirstFault ?? other.FirstFault,
            MissingInputs = Merge(MissingInputs, other.MissingInputs, (a, b) => a + b),
            Flips = Merge(Flips, other.Flips, (a, b) => a + b),
            ByVersion = Merge(ByVersion, other.ByVersion, (a, b) => new ReplayedVersion(a.Rows + b.Rows, a.Flipped + b.Flipped, a.Difference + b.Difference)),
            Logged = Sum(Logged, other.Logged),
            Replayed = Sum(Replayed, other.Replayed),
            LoggedSum = LoggedSum + other.LoggedSum,
            ReplayedSum = ReplayedSum + other.ReplayedSum,
            LargestDifference = Math.Max(LargestDifference, other.LargestDifference),
            Labelled = new ReplayedLabels(
                Labelled.Rows + other.Labelled.Rows,
                Labelled.LoggedRight + other.Labelled.LoggedRight,
                Labelled.ReplayedRight + other.Labelled.ReplayedRight,
                Labelled.LoggedLoss + other.Labelled.LoggedLoss,
                Labelled.ReplayedLoss + other.Labelled.ReplayedLoss),
        };
    }

    private static IReadOnlyList<long> Sum(IReadOnlyList<long> a, IReadOnlyList<long> b) => a.Count == 0 ? b : b.Count == 0 ? a : [.. a.Zip(b, (x, y) => x + y)];

    private static SortedDictionary<TKey, TValue> Merge<TKey, TValue>(IReadOnlyDictionary<TKey, TValue> a, IReadOnlyDictionary<TKey, TValue> b, Func<TValue, TValue, TValue> add)
        where TKey : notnull
    {
        var merged = new SortedDictionary<TKey, TValue>(a.ToDictionary());
        foreach ((TKey key, TValue value) in b)
        {
            merged[key] = merged.TryGetValue(key, out TValue? have) ? add(have, value) : value;
        }

        return merged;
    }
}
