using System.Globalization;
using System.Text;

namespace ServerlessMlops.Core.Registry;

/// <summary>What a ledger entry records.</summary>
public enum LedgerAction
{
    /// <summary>A model got a version.</summary>
    Registered,

    /// <summary>A version became the one that serves.</summary>
    Promoted,

    /// <summary>The version that served before serves again.</summary>
    RolledBack,

    /// <summary>An alias was set.</summary>
    AliasSet,

    /// <summary>A new spec took effect.</summary>
    SpecChanged,

    /// <summary>A challenger was put beside the version that serves.</summary>
    RolloutStarted,

    /// <summary>The rollout went on to its next step.</summary>
    RolloutAdvanced,

    /// <summary>The challenger was taken away: the version that served goes on to serve.</summary>
    RolloutWithdrawn,

    /// <summary>An alias was removed.</summary>
    AliasRemoved,

    /// <summary>A tag of a version was set or removed.</summary>
    Tagged,

    /// <summary>A version was put away.</summary>
    Archived,

    /// <summary>A version that was put away was taken out again.</summary>
    Restored,

    /// <summary>The bytes of a version were given up.</summary>
    Deleted,

    /// <summary>A person was asked whether a version may go live.</summary>
    ApprovalRequested,

    /// <summary>A person let a version go live.</summary>
    Approved,

    /// <summary>A person did not let a version go live.</summary>
    Declined,

    /// <summary>Nobody decided on a version in time.</summary>
    ApprovalExpired,

    /// <summary>A newer version made the question whether an older one may go live pointless.</summary>
    ApprovalSuperseded,

    /// <summary>The challenger, which had taken the other's place on trial, stays.</summary>
    RolloutCompleted,

    /// <summary>A person told the rollout not to go on.</summary>
    RolloutHeld,

    /// <summary>A person let a rollout that was held go on.</summary>
    RolloutResumed,
}

/// <summary>
/// One line of a pipeline's ledger. Append-only; each line carries the hash of the one before, so a changed or missing line is found by
/// recomputing the chain.
/// </summary>
public sealed record LedgerEntry
{
    /// <summary>The hash before the first entry.</summary>
    public const string Genesis = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>1, 2, 3 ... without gaps.</summary>
    public required long Number { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What.</summary>
    public required LedgerAction Action { get; init; }

    /// <summary>Who: a verified principal, <c>unverified:{name}</c>, or <c>system:{function}</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>The model version it is about, if any.</summary>
    public int? Version { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Why { get; init; }

    /// <summary>On what evidence: the id of the run, the model or the approval that bears it out.</summary>
    public required string Evidence { get; init; }

    /// <summary>The alias that was set or removed, or the key of the tag.</summary>
    public string? Alias { get; init; }

    /// <summary>Hash of the entry before, or <see cref="Genesis"/>.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>
    /// SHA-256 over this entry's fields, each preceded by its UTF-8 length so that no two entries read alike, and the previous hash.
    /// </summary>
    public string ComputeHash()
    {
        var text = new StringBuilder();
        foreach (string field in (string[])
                 [
                     Number.ToString(CultureInfo.InvariantCulture), At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), Action.ToString(), Actor,
                     Version?.ToString(CultureInfo.InvariantCulture) ?? "", Why, Evidence, Alias ?? "", PreviousHash,
                 ])
        {
            text.Append(Encoding.UTF8.GetByteCount(field)).Append(':').Append(field);
        }

        return ContentAddress.Of(text.ToString());
    }
}
