using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Registry;

public sealed class LedgerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task OfAsync_AnUntouchedLedger_IsValid()
    {
        (RegistryHead head, List<LedgerEntry> ledger) = Ledger();

        LedgerVerification verification = await LedgerVerification.OfAsync(head, Async(ledger), [Anchor(ledger, 3)]);

        verification.Faults.ShouldBeEmpty();
        (verification.Valid, verification.Lines, verification.Anchors).ShouldBe((true, 6, 1));
    }

    public static TheoryData<string, long> Tampering => new()
    {
        { "why", 2 }, { "actor", 4 }, { "version", 6 }, { "time", 1 }, { "previous hash", 3 }, { "missing", 4 }, { "first missing", 1 }, { "last missing", 6 },
    };

    [Theory]
    [MemberData(nameof(Tampering))]
    public async Task OfAsync_OneLineTamperedWith_IsFound(string how, long number)
    {
        (RegistryHead head, List<LedgerEntry> ledger) = Ledger();
        int at = ledger.FindIndex(e => e.Number == number);
        ledger[at] = how switch
        {
            "why" => ledger[at] with { Why = "because I say so" },
            "actor" => ledger[at] with { Actor = "somebody else" },
            "version" => ledger[at] with { Version = 9 },
            "time" => ledger[at] with { At = Noon.AddDays(-1) },
            "previous hash" => ledger[at] with { PreviousHash = LedgerEntry.Genesis },
            _ => ledger[at],
        };
        if (how.EndsWith("missing", StringComparison.Ordinal))
        {
            ledger.RemoveAt(at);
        }

        LedgerVerification verification = await LedgerVerification.OfAsync(head, Async(ledger), []);

        verification.Valid.ShouldBeFalse();
        verification.Faults.ShouldContain(f => f.Number == number);
    }

    [Fact]
    public async Task OfAsync_TheWholeChainRewritten_IsFoundByItsAnchor()
    {
        LedgerAnchor anchor = Anchor(Ledger().Lines, 3);
        (RegistryHead head, List<LedgerEntry> forged) = Ledger(why: "a nicer story");

        (await LedgerVerification.OfAsync(head, Async(forged), [])).Valid.ShouldBeTrue("a chain alone proves little to its owner");
        LedgerVerification verification = await LedgerVerification.OfAsync(head, Async(forged), [anchor]);

        verification.Faults.Single().Detail.ShouldContain("the ledger was rewritten after that day");
    }

    [Fact]
    public async Task OfAsync_TheEndCutOff_IsFoundByItsAnchor()
    {
        LedgerAnchor anchor = Anchor(Ledger().Lines, 6);
        (RegistryHead head, List<LedgerEntry> shorter) = Ledger(moves: 5);

        (await LedgerVerification.OfAsync(head, Async(shorter), [anchor])).Faults.Single().Detail.ShouldContain("its end was cut off");
    }

    [Fact]
    public async Task OfAsync_ThePointerMovedWithoutALine_IsFound()
    {
        (RegistryHead head, List<LedgerEntry> ledger) = Ledger();

        LedgerVerification verification = await LedgerVerification.OfAsync(head with { Live = head.Live! with { Version = 2 } }, Async(ledger), []);

        verification.Faults.Single().Detail.ShouldContain("but the live pointer says 2");
    }

    [Fact]
    public async Task OfAsync_LinesThatCameAfterTheHeadWasRead_AreLeftOut()
    {
        (RegistryHead head, _) = Ledger(moves: 4);

        (await LedgerVerification.OfAsync(head, Async(Ledger().Lines), [])).Valid.ShouldBeTrue();
    }

    [Fact]
    public async Task ServedAtAsync_MomentsBetweenMoves_SaysWhatServedByWhomAndUntilWhen()
    {
        (_, List<LedgerEntry> ledger) = Ledger();

        (await LedgerReading.ServedAtAsync(Async(ledger), Noon.AddHours(2))).ShouldBeNull("nothing was promoted yet");
        ServedAt first = (await LedgerReading.ServedAtAsync(Async(ledger), Noon.AddHours(3)))!;
        (first.Version, first.Since, first.Until, first.Moved.Actor).ShouldBe((1, Noon.AddHours(3), (DateTimeOffset?)Noon.AddHours(5), "ann"));
        first.Approved.ShouldBeNull();
        ServedAt second = (await LedgerReading.ServedAtAsync(Async(ledger), Noon.AddHours(5.5)))!;
        (second.Version, second.Until, second.Approved!.Actor, second.Approved.At).ShouldBe((2, (DateTimeOffset?)Noon.AddHours(6), "bob", Noon.AddHours(4)));
        ServedAt now = (await LedgerReading.ServedAtAsync(Async(ledger), Noon.AddYears(1)))!;
        (now.Version, now.Until, now.Moved.Action).ShouldBe((1, (DateTimeOffset?)null, LedgerAction.RolledBack));
    }

    /// <summary>Two versions registered (1, 2 h), 1 promoted (3 h), 2 approved (4 h) and promoted (5 h), and rolled back (6 h); newest first.</summary>
    private static (RegistryHead Head, List<LedgerEntry> Lines) Ledger(int moves = 6, string why = "because")
    {
        var ann = new MoveReason("ann", why, "run-1");
        Func<RegistryHead, DateTimeOffset, RegistryChange>[] all =
        [
            (head, at) => RegistryMoves.Register(head, Model("a"), ann, at),
            (head, at) => RegistryMoves.Register(head, Model("b"), ann, at),
            (head, at) => RegistryMoves.Promote(head, 1, ann, at)!,
            (head, at) => RegistryMoves.Append(head, LedgerAction.Approved, 2, ann with { Actor = "bob" }, at),
            (head, at) => RegistryMoves.Promote(head, 2, ann, at)!,
            (head, at) => RegistryMoves.RollBack(head, 2, ann, at)!,
        ];
        RegistryHead head = new() { Pipeline = "birds" };
        var lines = new List<LedgerEntry>();
        foreach ((int i, Func<RegistryHead, DateTimeOffset, RegistryChange> move) in all.Take(moves).Index())
        {
            RegistryChange change = move(head, Noon.AddHours(i + 1));
            head = change.Head;
            lines.Insert(0, change.Entry);
        }

        return (head, lines);
    }

    private static LedgerAnchor Anchor(List<LedgerEntry> ledger, long number) => new(new DateOnly(2026, 1, 3), number, ledger.Single(e => e.Number == number).ComputeHash());

    private static ModelRegistration Model(string id) => new()
    {
        ModelId = id, DatasetId = "d", SpecHash = "s", Candidate = "boosting", RunId = "run-1", Metrics = new Dictionary<string, double>(),
    };

    private static async IAsyncEnumerable<LedgerEntry> Async(IEnumerable<LedgerEntry> lines)
    {
        await Task.CompletedTask;
        foreach (LedgerEntry line in lines)
        {
            yield return line;
        }
    }
}
