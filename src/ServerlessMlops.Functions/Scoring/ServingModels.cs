using System.Buffers.Binary;
using System.Globalization;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>The challenger of a rollout, loaded and warmed up, and which requests it answers.</summary>
/// <param name="Model">The challenger.</param>
/// <param name="Split">The requests that it answers; null where it answers none that does not ask for its version.</param>
/// <param name="Strategy">How it goes live.</param>
public sealed record Challenger(LiveModel Model, TrafficSplit? Split, DeployStrategy Strategy)
{
    private static long _unkeyed;

    /// <summary>
    /// Whether the challenger answers a request, read by the champion's signature. One version answers all rows of a request: the first row's
    /// key decides, else the caller's id of the request or of its first row, so that a request sent again goes the same way; a request that
    /// names nothing goes by its number in this process.
    /// </summary>
    /// <param name="batch">The rows.</param>
    /// <param name="requestId">The caller's id of the request; empty where it has none.</param>
    public bool Answers(ScoringBatch batch, ReadOnlySpan<byte> requestId)
    {
        if (Split is null || batch.Rows == 0)
        {
            return false;
        }

        ReadOnlySpan<byte> key = batch.Key(0);
        if (key.IsEmpty)
        {
            key = requestId.IsEmpty ? batch.InferenceId(0) : requestId;
        }

        if (!key.IsEmpty)
        {
            return Split.TakesChallenger(key);
        }

        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, Interlocked.Increment(ref _unkeyed));
        return Split.TakesChallenger(number);
    }
}

/// <summary>What answers for a pipeline: its model, or why there is none.</summary>
/// <param name="Model">The model that serves: the champion, or the version that was asked for.</param>
/// <param name="Problem">Set where <paramref name="Model"/> is null.</param>
/// <param name="Challenger">The challenger of a rollout, where one runs and no version was asked for.</param>
public readonly record struct ModelLookup(LiveModel? Model, ScoringProblem? Problem, Challenger? Challenger = null);

/// <summary>The models of one pipeline in this process, swapped as a whole. Immutable.</summary>
/// <param name="Champion">The version that serves.</param>
/// <param name="Challenger">The challenger of a rollout.</param>
/// <param name="Retired">What served before, kept in memory so that a rollback needs no loading.</param>
/// <param name="Names">The versions that callers may ask for, by alias: what serves, what is tried, and those that people named.</param>
internal sealed record ServingModels(LiveModel Champion, Challenger? Challenger, LiveModel? Retired, IReadOnlyDictionary<string, int> Names)
{
    /// <summary>The version that a caller asks for by number or alias; null where nobody may ask for it.</summary>
    public int? Addressed(string which) =>
        Names.TryGetValue(which, out int named) ? named
        : int.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out int version) && Names.Values.Contains(version) ? version
        : null;

    /// <summary>The same versions by other rules.</summary>
    public ServingModels With(ScoringRules rules) => Champion.Model.Rules == rules
        ? this
        : this with { Champion = Champion.With(rules), Challenger = Challenger is null ? null : Challenger with { Model = Challenger.Model.With(rules) }, Retired = Retired?.With(rules) };

    /// <summary>The model of a version, where it is in memory.</summary>
    public LiveModel? Find(int version) =>
        Champion.Model.Version == version ? Champion
        : Challenger?.Model.Model.Version == version ? Challenger.Model
        : Retired?.Model.Version == version ? Retired
        : null;
}
