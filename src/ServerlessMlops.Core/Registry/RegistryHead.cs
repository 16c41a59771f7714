using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Core.Registry;

/// <summary>A share of live traffic that goes to a version.</summary>
/// <param name="Version">The model version.</param>
/// <param name="Percent">0 to 100; the shares of a pointer add up to 100.</param>
public sealed record TrafficShare(int Version, double Percent);

/// <summary>Which version serves. The scorers read it; one transaction changes it.</summary>
/// <param name="Version">The version that serves (the champion).</param>
/// <param name="Since">Since when.</param>
/// <param name="PreviousVersion">What served before, and a rollback returns to; null for the first.</param>
public sealed record LivePointer(int Version, DateTimeOffset Since, int? PreviousVersion)
{
    /// <summary>Shares of a canary; empty when all traffic goes to <see cref="Version"/>.</summary>
    public IReadOnlyList<TrafficShare> Shares { get; init; } = [];

    /// <summary>The rollout's salt of the routing hash; fixed while it lasts, so that the first 5% stay inside the 25%.</summary>
    public string Salt { get; init; } = "";

    /// <summary>The rollout under way; null where none is.</summary>
    public RunningRollout? Rollout { get; init; }
}

/// <summary>The head row of a pipeline's registry partition; every move changes it, guarded by its ETag.</summary>
public sealed record RegistryHead
{
    /// <summary>The pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>The highest version given out; 0 before the first.</summary>
    public int LastVersion { get; init; }

    /// <summary>Number of the last ledger entry; 0 before the first.</summary>
    public long LedgerLength { get; init; }

    /// <summary>Hash of the last ledger entry.</summary>
    public string LedgerHash { get; init; } = LedgerEntry.Genesis;

    /// <summary>What serves; null before the first promotion.</summary>
    public LivePointer? Live { get; init; }

    /// <summary>Hash of the spec in force; null before the first.</summary>
    public string? SpecHash { get; init; }

    /// <summary>Names that people gave to versions, in order of name. <c>champion</c> and <c>challenger</c> are not among them: they follow what serves.</summary>
    public IReadOnlyList<ModelAlias> Aliases { get; init; } = [];

    /// <summary>The version that waits for a person's approval; null where none does.</summary>
    public int? PendingApproval { get; init; }
}
