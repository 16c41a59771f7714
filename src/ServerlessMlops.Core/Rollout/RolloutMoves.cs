using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Rollout;

/// <summary>A rollout as it begins.</summary>
/// <param name="RunId">See <see cref="RunningRollout.RunId"/>.</param>
/// <param name="Version">The challenger.</param>
/// <param name="Strategy">How it goes live.</param>
/// <param name="Share">Its share of the requests at the first step, 0 to 1; 0 where callers see nothing of it.</param>
public sealed record RolloutStart(string RunId, int Version, DeployStrategy Strategy, double Share);

/// <summary>
/// The moves of a rollout on the live pointer, as pure functions like <see cref="RegistryMoves"/>. Each names its rollout: a move of one that no
/// longer runs (a person promoted or rolled back, a newer one took its place) is null and changes nothing, so a late or repeated activity
/// never undoes what happened since.
/// </summary>
public static class RolloutMoves
{
    /// <summary>
    /// Puts the challenger beside the champion. Where nothing serves yet it is promoted: there is nothing to compare it with. An older rollout
    /// is superseded. Null where it runs already, its version serves already, or a newer rollout runs.
    /// </summary>
    /// <exception cref="RegistryMoveException">There is no such version.</exception>
    public static RegistryChange? Begin(RegistryHead head, RolloutStart start, MoveReason reason, DateTimeOffset at)
    {
        RegistryMoves.CheckVersion(head, start.Version);
        if (head.Live is not { } live)
        {
            return RegistryMoves.Promote(head, start.Version, reason, at);
        }

        if (live.Version == start.Version || live.Rollout?.Version >= start.Version)
        {
            return null;
        }

        LivePointer pointer = live with
        {
            Shares = SharesOf(live.Version, start.Version, start.Share),
            Salt = ContentAddress.Short(ContentAddress.Of(start.RunId)),
            Rollout = new RunningRollout(start.RunId, start.Version, start.Strategy, 0, at, at),
        };
        (IReadOnlyList<ModelAlias> aliases, string? colour) = start.Strategy == DeployStrategy.BlueGreen
            ? AliasMoves.Coloured(head, live.Version, start.Version, at)
            : (head.Aliases, null);
        string superseded = live.Rollout is { } older ? $" Takes the place of the rollout of version {older.Version}." : "";
        return RegistryMoves.Append(
            head with { Live = pointer, Aliases = aliases }, LedgerAction.RolloutStarted, start.Version, reason with { Why = reason.Why + superseded }, at, colour);
    }

    /// <summary>
    /// Moves the rollout to a later step; null where it stands there or further on, is held, or no longer runs. At the second step of blue and green the two
    /// change places: the challenger serves, and is still on trial.
    /// </summary>
    public static RegistryChange? Advance(RegistryHead head, string runId, int step, double share, MoveReason reason, DateTimeOffset at)
    {
        if (RunningIn(head, runId) is not { } running || running.Step >= step || running.Held is not null)
        {
            return null;
        }

        if (running.Strategy == DeployStrategy.BlueGreen)
        {
            RegistryChange promoted = RegistryMoves.Promote(head, running.Version, reason, at)!;
            return promoted with { Head = promoted.Head with { Live = promoted.Head.Live! with { Rollout = running with { Step = step, StepSince = at } } } };
        }

        LivePointer pointer = head.Live! with
        {
            Shares = SharesOf(head.Live.Version, running.Version, share),
            Rollout = running with { Step = step, StepSince = at },
        };
        return RegistryMoves.Append(head with { Live = pointer }, LedgerAction.RolloutAdvanced, running.Version, reason, at);
    }

    /// <summary>Makes the challenger the champion for good; null where the rollout is held or no longer runs.</summary>
    public static RegistryChange? Complete(RegistryHead head, string runId, MoveReason reason, DateTimeOffset at) => RunningIn(head, runId) switch
    {
        null or { Held: not null } => null,
        { } running when running.Version == head.Live!.Version =>
            RegistryMoves.Append(head with { Live = head.Live with { Rollout = null } }, LedgerAction.RolloutCompleted, running.Version, reason, at),
        { } running => RegistryMoves.Promote(head, running.Version, reason, at),
    };

    /// <summary>
    /// Takes the challenger away: the champion answers every request again, also where the challenger has taken its place on trial. Null where
    /// the rollout no longer runs.
    /// </summary>
    public static RegistryChange? Withdraw(RegistryHead head, string runId, MoveReason reason, DateTimeOffset at)
    {
        if (RunningIn(head, runId) is not { } running)
        {
            return null;
        }

        if (running.Version == head.Live!.Version)
        {
            return RegistryMoves.RollBack(head with { Live = head.Live with { Rollout = null } }, running.Version, reason, at);
        }

        LivePointer pointer = head.Live with { Shares = [], Salt = "", Rollout = null };
        return RegistryMoves.Append(head with { Live = pointer }, LedgerAction.RolloutWithdrawn, running.Version, reason, at);
    }

    /// <summary>Keeps the running rollout at its step until <see cref="Resume"/>; null where it is held already.</summary>
    /// <exception cref="RegistryMoveException">No rollout runs.</exception>
    public static RegistryChange? Hold(RegistryHead head, MoveReason reason, DateTimeOffset at)
    {
        RunningRollout running = CheckRunning(head, "hold");
        return running.Held is not null
            ? null
            : Append(head, running with { Held = new RolloutHold(reason.Actor, at, reason.Why) }, LedgerAction.RolloutHeld, reason, at);
    }

    /// <summary>Lets the running rollout go on; null where nobody holds it.</summary>
    /// <exception cref="RegistryMoveException">No rollout runs.</exception>
    public static RegistryChange? Resume(RegistryHead head, MoveReason reason, DateTimeOffset at)
    {
        RunningRollout running = CheckRunning(head, "resume");
        return running.Held is null ? null : Append(head, running with { Held = null }, LedgerAction.RolloutResumed, reason, at);
    }

    /// <summary>The rollout of that id, where it is the one that runs.</summary>
    public static RunningRollout? RunningIn(RegistryHead head, string runId) => head.Live?.Rollout is { } running && running.RunId == runId ? running : null;

    private static RunningRollout CheckRunning(RegistryHead head, string verb) => head.Live?.Rollout ?? throw new RegistryMoveException(
        $"Pipeline '{head.Pipeline}' has no rollout to {verb}: " + (head.Live is { } live ? $"version {live.Version} serves all requests." : "no version serves yet."));

    private static RegistryChange Append(RegistryHead head, RunningRollout after, LedgerAction action, MoveReason reason, DateTimeOffset at) =>
        RegistryMoves.Append(head with { Live = head.Live! with { Rollout = after } }, action, after.Version, reason, at);

    private static TrafficShare[] SharesOf(int champion, int challenger, double share) =>
        [new TrafficShare(champion, 100 * (1 - share)), new TrafficShare(challenger, 100 * share)];
}
