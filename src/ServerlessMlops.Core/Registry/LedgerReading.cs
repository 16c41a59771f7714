using System.Runtime.CompilerServices;

namespace ServerlessMlops.Core.Registry;

/// <summary>What served at a moment.</summary>
/// <param name="At">The moment.</param>
/// <param name="Version">The version that served.</param>
/// <param name="Since">Since when.</param>
/// <param name="Until">Until when; null where it serves still.</param>
/// <param name="Moved">The ledger line that made it serve: who, why, on what evidence.</param>
/// <param name="Approved">The ledger line by which a person let it go live; null where nobody was asked.</param>
/// <param name="Challenger">The ledger line of the rollout that was under way at the moment; null where none was.</param>
public sealed record ServedAt(DateTimeOffset At, int Version, DateTimeOffset Since, DateTimeOffset? Until, LedgerEntry Moved, LedgerEntry? Approved, LedgerEntry? Challenger);

/// <summary>Questions to the ledger.</summary>
public static class LedgerReading
{
    /// <summary>All lines, newest first.</summary>
    public static async IAsyncEnumerable<LedgerEntry> ReadLedgerAsync(
        this IModelRegistry registry, string pipeline, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? next = null;
        do
        {
            Page<LedgerEntry> page = await registry.ListLedgerAsync(pipeline, 1000, next, cancellation);
            foreach (LedgerEntry entry in page.Items)
            {
                yield return entry;
            }

            next = page.Next;
        }
        while (next is not null);
    }

    /// <summary>What served at <paramref name="at"/>; null where nothing did yet.</summary>
    /// <param name="newestFirst">The ledger.</param>
    /// <param name="at">The moment.</param>
    public static async Task<ServedAt?> ServedAtAsync(IAsyncEnumerable<LedgerEntry> newestFirst, DateTimeOffset at)
    {
        DateTimeOffset? until = null;
        LedgerEntry? moved = null, challenger = null;
        bool rolloutKnown = false;
        await foreach (LedgerEntry entry in newestFirst)
        {
            if (moved is null && entry.At > at)
            {
                until = MakesServe(entry) ? entry.At : until;
                continue;
            }

            if (moved is not null)
            {
                // Only the approval of what served is looked for; a line that says it registered ends the search.
                if (entry.Version == moved.Version && entry.Action is LedgerAction.Approved or LedgerAction.Registered)
                {
                    return Served(entry.Action == LedgerAction.Approved ? entry : null);
                }
            }
            else if (MakesServe(entry))
            {
                moved = entry;
            }
            else if (!rolloutKnown && entry.Action is LedgerAction.RolloutStarted or LedgerAction.RolloutAdvanced or LedgerAction.RolloutWithdrawn)
            {
                challenger = entry.Action == LedgerAction.RolloutWithdrawn ? null : entry;
                rolloutKnown = true;
            }
        }

        return moved is null ? null : Served(null);

        ServedAt Served(LedgerEntry? approved) => new(at, moved!.Version!.Value, moved.At, until, moved, approved, challenger);
    }

    /// <summary>Whether the line changed what serves.</summary>
    public static bool MakesServe(LedgerEntry entry) => entry.Action is LedgerAction.Promoted or LedgerAction.RolledBack;
}
