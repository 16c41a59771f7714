namespace ServerlessMlops.Core.Registry;

/// <summary>The head of a ledger as it was on a day, written where the product cannot change it.</summary>
/// <param name="Day">The day (UTC).</param>
/// <param name="Number">Number of the last line then.</param>
/// <param name="Hash">Its hash.</param>
public sealed record LedgerAnchor(DateOnly Day, long Number, string Hash);

/// <summary>Something that is wrong with a ledger.</summary>
/// <param name="Number">The line it is about.</param>
/// <param name="Detail">What was found and what was expected.</param>
public sealed record LedgerFault(long Number, string Detail);

/// <summary>A ledger, recomputed.</summary>
/// <param name="Valid">Whether nothing is wrong.</param>
/// <param name="Lines">Lines that were recomputed.</param>
/// <param name="Anchors">Anchors that were held against them.</param>
/// <param name="HeadHash">The hash that the head carries.</param>
/// <param name="Faults">What is wrong; the first <see cref="MostFaults"/>.</param>
public sealed record LedgerVerification(bool Valid, long Lines, int Anchors, string HeadHash, IReadOnlyList<LedgerFault> Faults)
{
    /// <summary>Most faults told.</summary>
    public const int MostFaults = 100;

    /// <summary>
    /// Recomputes the chain from the head back to the first line: numbers without gaps, each hash what the line after it carries, the last move what
    /// the live pointer says, each anchor what its line hashes to. One pass, constant memory beside the anchors.
    /// </summary>
    /// <param name="head">The head, read before the ledger: lines that came since are left out.</param>
    /// <param name="newestFirst">The ledger.</param>
    /// <param name="anchors">Its anchors, in any order.</param>
    public static async Task<LedgerVerification> OfAsync(RegistryHead head, IAsyncEnumerable<LedgerEntry> newestFirst, IReadOnlyCollection<LedgerAnchor> anchors)
    {
        var faults = new List<LedgerFault>();
        var open = anchors.OrderByDescending(a => a.Number).ToList();
        long expected = head.LedgerLength, lines = 0;
        string? expectedHash = head.LedgerHash;
        bool serveKnown = false;
        foreach (LedgerAnchor anchor in open.Where(a => a.Number > head.LedgerLength))
        {
            Fault(anchor.Number, $"The anchor of {anchor.Day:O} holds line {anchor.Number}, but the ledger ends with {head.LedgerLength}: its end was cut off.");
        }

        await foreach (LedgerEntry entry in newestFirst)
        {
            if (entry.Number > head.LedgerLength)
            {
                continue;
            }

            lines++;
            if (entry.Number != expected)
            {
                Fault(expected, entry.Number < expected ? $"Lines {entry.Number + 1} to {expected} are missing." : $"Line {entry.Number} stands where line {expected} should.");
                expectedHash = null;
            }

            string hash = entry.ComputeHash();
            if (expectedHash is not null && hash != expectedHash)
            {
                string says = entry.Number == head.LedgerLength ? "the head" : $"line {entry.Number + 1}";
                Fault(entry.Number, $"Line {entry.Number} ({entry.Action} by {entry.Actor}, {entry.At.UtcDateTime:u}) hashes to {Short(hash)}, but {says} says {Short(expectedHash)}: one of them was changed.");
            }

            foreach (LedgerAnchor anchor in open.Where(a => a.Number == entry.Number && a.Hash != hash))
            {
                Fault(entry.Number, $"Line {entry.Number} hashes to {Short(hash)}, but the anchor of {anchor.Day:O} says {Short(anchor.Hash)}: the ledger was rewritten after that day.");
            }

            if (!serveKnown && LedgerReading.MakesServe(entry))
            {
                serveKnown = true;
                if (entry.Version != head.Live?.Version)
                {
                    Fault(entry.Number, $"The last move that changed what serves, line {entry.Number}, is to version {entry.Version}, but the live pointer says {head.Live?.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "nothing"}.");
                }
            }

            expected = entry.Number - 1;
            expectedHash = entry.PreviousHash;
        }

        if (expected > 0)
        {
            Fault(expected, $"Lines 1 to {expected} are missing.");
        }
        else if (expectedHash is not null && expectedHash != LedgerEntry.Genesis)
        {
            Fault(1, "The first line does not follow the beginning of all ledgers.");
        }

        if (!serveKnown && head.Live is { } live)
        {
            Fault(0, $"The live pointer says version {live.Version}, but no line of the ledger made it serve.");
        }

        return new LedgerVerification(faults.Count == 0, lines, anchors.Count, head.LedgerHash, [.. faults.Take(MostFaults)]);

        void Fault(long number, string detail) => faults.Add(new LedgerFault(number, detail));

        static string Short(string hash) => ContentAddress.Short(hash);
    }
}
