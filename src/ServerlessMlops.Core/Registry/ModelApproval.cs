namespace ServerlessMlops.Core.Registry;

/// <summary>How the question whether a version may go live stands.</summary>
public enum ApprovalState
{
    /// <summary>A person is asked.</summary>
    Pending,

    /// <summary>A person said yes.</summary>
    Approved,

    /// <summary>A person said no.</summary>
    Declined,

    /// <summary>Nobody decided in time.</summary>
    Expired,

    /// <summary>A newer version took its place before anybody decided.</summary>
    Superseded,
}

/// <summary>The question whether a version may go live, and its answer.</summary>
/// <param name="State">How it stands.</param>
/// <param name="RequestedAt">When a person was asked.</param>
/// <param name="ExpiresAt">Until when an answer counts.</param>
public sealed record ModelApproval(ApprovalState State, DateTimeOffset RequestedAt, DateTimeOffset ExpiresAt)
{
    /// <summary>Who decided: a verified principal, or <c>unverified:{name}</c>; null where nobody did.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>When; null while it is pending.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>Why; null while it is pending.</summary>
    public string? Why { get; init; }
}

/// <summary>
/// The moves of approvals, as pure functions like <see cref="RegistryMoves"/>. The state of the question is part of the version's row and each
/// move is a line of the ledger, so that who let a model go live is as safe from tampering as what served.
/// </summary>
public static class ApprovalMoves
{
    /// <summary>
    /// Asks whether the version may go live. Where a newer version serves or is asked about, it is superseded at once. Null where it was asked already.
    /// </summary>
    public static RegistryChange? Request(RegistryHead head, ModelVersion row, TimeSpan timeout, MoveReason reason, DateTimeOffset at)
    {
        if (row.Approval is not null)
        {
            return null;
        }

        var asked = row with { Approval = new ModelApproval(ApprovalState.Pending, at, at + timeout) };
        int newest = Math.Max(head.Live?.Version ?? 0, head.PendingApproval ?? 0);
        return newest > row.Version
            ? Close(head, asked, LedgerAction.ApprovalSuperseded, ApprovalState.Superseded, reason with { Why = $"version {newest} is newer" }, at)
            : RegistryMoves.Append(head with { PendingApproval = row.Version }, LedgerAction.ApprovalRequested, row.Version, reason, at) with { Updated = asked };
    }

    /// <summary>A person decides. Null where the same decision stands already.</summary>
    /// <exception cref="RegistryMoveException">Nobody was asked, or the question is closed otherwise; the message says how.</exception>
    public static RegistryChange? Decide(RegistryHead head, ModelVersion row, bool approve, MoveReason reason, DateTimeOffset at)
    {
        ModelApproval approval = row.Approval ?? throw new RegistryMoveException($"Version {row.Version} of pipeline '{head.Pipeline}' asks for no approval.");
        ApprovalState decided = approve ? ApprovalState.Approved : ApprovalState.Declined;
        if (approval.State == decided)
        {
            return null;
        }

        if (approval.State != ApprovalState.Pending)
        {
            throw new RegistryMoveException($"Version {row.Version} cannot be {Word(decided)} any more: {Describe(approval)}.");
        }

        return at >= approval.ExpiresAt
            ? throw new RegistryMoveException($"Version {row.Version} cannot be {Word(decided)} any more: the time to decide ended {approval.ExpiresAt.UtcDateTime:u}.")
            : Close(head, row, approve ? LedgerAction.Approved : LedgerAction.Declined, decided, reason, at);
    }

    /// <summary>Closes the question where the time to decide is over; null where it is not, or it is closed.</summary>
    public static RegistryChange? Expire(RegistryHead head, ModelVersion row, MoveReason reason, DateTimeOffset at) =>
        row.Approval is { State: ApprovalState.Pending } approval && at >= approval.ExpiresAt
            ? Close(head, row, LedgerAction.ApprovalExpired, ApprovalState.Expired, reason, at)
            : null;

    /// <summary>Closes the question because a newer version is asked about; null where it is closed.</summary>
    public static RegistryChange? Supersede(RegistryHead head, ModelVersion row, int newer, MoveReason reason, DateTimeOffset at) =>
        row.Approval is { State: ApprovalState.Pending } && newer > row.Version
            ? Close(head, row, LedgerAction.ApprovalSuperseded, ApprovalState.Superseded, reason with { Why = $"version {newer} is newer" }, at)
            : null;

    /// <summary>How the question stands, in words.</summary>
    public static string Describe(ModelApproval approval) => approval.State switch
    {
        ApprovalState.Pending => $"it waits for a decision until {approval.ExpiresAt.UtcDateTime:u}",
        ApprovalState.Approved or ApprovalState.Declined => $"{approval.DecidedBy} {Word(approval.State)} it {approval.DecidedAt?.UtcDateTime:u} ({approval.Why})",
        ApprovalState.Expired => $"the time to decide ended {approval.ExpiresAt.UtcDateTime:u}",
        _ => $"{approval.Why}, and took its place {approval.DecidedAt?.UtcDateTime:u}",
    };

    private static string Word(ApprovalState state) => state == ApprovalState.Approved ? "approved" : "declined";

    private static RegistryChange Close(RegistryHead head, ModelVersion row, LedgerAction action, ApprovalState state, MoveReason reason, DateTimeOffset at)
    {
        ModelApproval closed = row.Approval! with
        {
            State = state, DecidedAt = at, Why = reason.Why, DecidedBy = state is ApprovalState.Approved or ApprovalState.Declined ? reason.Actor : null,
        };
        RegistryHead after = head.PendingApproval == row.Version ? head with { PendingApproval = null } : head;
        return RegistryMoves.Append(after, action, row.Version, reason, at) with { Updated = row with { Approval = closed } };
    }
}
