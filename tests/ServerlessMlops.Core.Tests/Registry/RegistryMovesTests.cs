using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Registry;

public sealed class RegistryMovesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly MoveReason Because = new("unverified:test", "because", "run-1");

    [Fact]
    public void Register_TwoModels_GetDenseVersions()
    {
        RegistryHead head = new() { Pipeline = "p1" };

        RegistryChange first = RegistryMoves.Register(head, Model("a"), Because, Noon);
        RegistryChange second = RegistryMoves.Register(first.Head, Model("b"), Because, Noon);

        first.Version!.Version.ShouldBe(1);
        second.Version!.Version.ShouldBe(2);
        second.Head.LastVersion.ShouldBe(2);
        second.Head.Live.ShouldBeNull();
    }

    [Fact]
    public void Promote_UnknownVersion_NamesTheOnesThereAre()
    {
        RegistryHead head = RegistryMoves.Register(new RegistryHead { Pipeline = "p1" }, Model("a"), Because, Noon).Head;

        RegistryMoveException e = Should.Throw<RegistryMoveException>(() => RegistryMoves.Promote(head, 7, Because, Noon));

        e.Message.ShouldBe("Pipeline 'p1' has no model version 7; its versions are 1 to 1.");
    }

    [Fact]
    public void Promote_WhatServes_IsNoMove()
    {
        RegistryHead head = Live(1, registered: 2);

        RegistryMoves.Promote(head, 1, Because, Noon).ShouldBeNull();
    }

    [Fact]
    public void RollBack_AfterPromotion_ServesTheVersionBefore()
    {
        RegistryHead head = RegistryMoves.Promote(Live(1, registered: 2), 2, Because, Noon)!.Head;

        RegistryChange back = RegistryMoves.RollBack(head, 2, Because, Noon)!;

        back.Head.Live!.Version.ShouldBe(1);
        back.Entry.Action.ShouldBe(LedgerAction.RolledBack);
    }

    [Fact]
    public void RollBack_AskedAgain_DoesNotSwingBack()
    {
        RegistryHead head = RegistryMoves.Promote(Live(1, registered: 2), 2, Because, Noon)!.Head;
        head = RegistryMoves.RollBack(head, 2, Because, Noon)!.Head;

        RegistryMoves.RollBack(head, 2, Because, Noon).ShouldBeNull();
    }

    [Fact]
    public void RollBack_OfTheFirst_SaysWhatToDoInstead() =>
        Should.Throw<RegistryMoveException>(() => RegistryMoves.RollBack(Live(1, registered: 1), 1, Because, Noon)).Message
            .ShouldBe("Pipeline 'p1' has nothing to roll back to: version 1 is the first that serves. Promote another version instead.");

    [Fact]
    public void Ledger_AnyFieldChanged_BreaksTheChain()
    {
        RegistryChange change = RegistryMoves.Register(new RegistryHead { Pipeline = "p1" }, Model("a"), Because, Noon);
        LedgerEntry entry = change.Entry;
        change.Head.LedgerHash.ShouldBe(entry.ComputeHash());

        LedgerEntry[] tampered =
        [
            entry with { Number = 2 }, entry with { At = Noon.AddSeconds(1) }, entry with { Action = LedgerAction.Promoted }, entry with { Actor = "x" },
            entry with { Version = 2 }, entry with { Why = "x" }, entry with { Evidence = "x" }, entry with { Alias = "x" }, entry with { PreviousHash = "x" },
            entry with { Why = entry.Why + entry.Evidence, Evidence = "" },
        ];

        tampered.Select(e => e.ComputeHash()).ShouldNotContain(change.Head.LedgerHash);
    }

    private static RegistryHead Live(int version, int registered)
    {
        var head = new RegistryHead { Pipeline = "p1" };
        for (int i = 1; i <= registered; i++)
        {
            head = RegistryMoves.Register(head, Model($"m{i}"), Because, Noon).Head;
        }

        return RegistryMoves.Promote(head, version, Because, Noon)!.Head;
    }

    private static ModelRegistration Model(string id) => new()
    {
        ModelId = id, DatasetId = "d", SpecHash = "s", Candidate = "boosting", RunId = "run-1", Metrics = new Dictionary<string, double> { ["auc"] = 0.8 },
    };
}
