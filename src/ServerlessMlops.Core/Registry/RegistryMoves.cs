using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Core.Registry;

/// <summary>A move worked out: what one transaction writes. Null parts are left as they are.</summary>
/// <param name="Head">The new head.</param>
/// <param name="Entry">The ledger line to append.</param>
/// <param name="Version">The version row to insert, if the move makes one.</param>
public sealed record RegistryChange(RegistryHead Head, LedgerEntry Entry, ModelVersion? Version = null)
{
    /// <summary>The version row to replace, if the move changes one beyond its stage, which follows from the heads before and after (<see cref="ModelLife"/>).</summary>
    public ModelVersion? Updated { get; init; }
}

/// <summary>
/// The moves of the registry as pure functions from the head that was read to what has to be written. Storage commits the result in one
/// transaction guarded by the head's ETag and, when it lost the race, reads again and asks again.
/// </summary>
public static class RegistryMoves
{
    /// <summary>Gives a model the next version.</summary>
    public static RegistryChange Register(RegistryHead head, ModelRegistration model, MoveReason reason, DateTimeOffset at)
    {
        var version = new ModelVersion
        {
            Version = head.LastVersion + 1,
            ModelId = model.ModelId,
            DatasetId = model.DatasetId,
            SpecHash = model.SpecHash,
            Candidate = model.Candidate,
            RunId = model.RunId,
            CreatedAt = at,
            Metrics = model.Metrics,
        };
        return Append(head with { LastVersion = version.Version }, LedgerAction.Registered, version.Version, reason, at) with { Version = version };
    }

    /// <summary>Makes <paramref name="version"/> the one that serves; null where it serves all traffic already.</summary>
    /// <exception cref="RegistryMoveException">There is no such version.</exception>
    public static RegistryChange? Promote(RegistryHead head, int version, MoveReason reason, DateTimeOffset at)
    {
        CheckVersion(head, version);
        if (head.Live is { Shares.Count: 0, Rollout: null } live && live.Version == version)
        {
            return null;
        }

        var pointer = new LivePointer(version, at, head.Live?.Version == version ? head.Live.PreviousVersion : head.Live?.Version);
        return Append(head with { Live = pointer }, LedgerAction.Promoted, version, reason, at);
    }

    /// <summary>
    /// Takes <paramref name="version"/> out of service and makes the version before it serve again; the challenger of a running rollout is
    /// withdrawn. Null where that has been done already, so that a rollback whose answer was lost is not undone by asking again.
    /// </summary>
    /// <exception cref="RegistryMoveException">The version does not serve, or nothing served before it.</exception>
    public static RegistryChange? RollBack(RegistryHead head, int version, MoveReason reason, DateTimeOffset at)
    {
        if (head.Live is not { } live)
        {
            throw new RegistryMoveException($"Pipeline '{head.Pipeline}' has nothing to roll back: no version serves yet.");
        }

        if (live.Rollout is { } rollout && rollout.Version == version)
        {
            return RolloutMoves.Withdraw(head, rollout.RunId, reason, at);
        }

        if (live.Version != version)
        {
            return live.PreviousVersion == version
                ? null
                : throw new RegistryMoveException($"Pipeline '{head.Pipeline}' cannot roll back version {version}: version {live.Version} serves.");
        }

        if (live.PreviousVersion is not { } previous)
        {
            throw new RegistryMoveException(
                $"Pipeline '{head.Pipeline}' has nothing to roll back to: version {live.Version} is the first that serves. Promote another version instead.");
        }

        return Append(head with { Live = new LivePointer(previous, at, live.Version) }, LedgerAction.RolledBack, previous, reason, at);
    }

    /// <summary>Records that a spec took effect; null where it is in force already.</summary>
    public static RegistryChange? ChangeSpec(RegistryHead head, string specHash, MoveReason reason, DateTimeOffset at) =>
        head.SpecHash == specHash ? null : Append(head with { SpecHash = specHash }, LedgerAction.SpecChanged, null, reason, at);

    /// <summary>Refuses a version that was never given out.</summary>
    /// <exception cref="RegistryMoveException">It was not.</exception>
    public static void CheckVersion(RegistryHead head, int version)
    {
        if (version < 1 || version > head.LastVersion)
        {
            throw new RegistryMoveException(
                $"Pipeline '{head.Pipeline}' has no model version {version}; " +
                (head.LastVersion == 0 ? "it has none yet." : $"its versions are 1 to {head.LastVersion}."));
        }
    }

    internal static RegistryChange Append(RegistryHead head, LedgerAction action, int? version, MoveReason reason, DateTimeOffset at, string? alias = null)
    {
        var entry = new LedgerEntry
        {
            Number = head.LedgerLength + 1,
            At = at,
            Action = action,
            Actor = reason.Actor,
            Version = version,
            Why = reason.Why,
            Evidence = reason.Evidence,
            Alias = alias,
            PreviousHash = head.LedgerHash,
        };
        return new RegistryChange(head with { LedgerLength = entry.Number, LedgerHash = entry.ComputeHash() }, entry);
    }
}

/// <summary>A move that the registry's state does not allow; the message says why and what would be allowed.</summary>
public sealed class RegistryMoveException(string message) : Exception(message);
