using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Registry;

public sealed class ApprovalMovesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly MoveReason Because = new("ada@example.com", "the numbers hold", "run-1");
    private static readonly RegistryHead Three = new() { Pipeline = "birds", LastVersion = 3 };

    [Fact]
    public void Request_AVersion_IsPendingAndTheChallenger()
    {
        RegistryChange asked = Ask(Three, 2);

        asked.Updated!.Approval.ShouldBe(new ModelApproval(ApprovalState.Pending, Noon, Noon.AddHours(1)));
        AliasMoves.Of(asked.Head).Single().ShouldBe(new ModelAlias("challenger", 2, default, 0));
        ApprovalMoves.Request(asked.Head, asked.Updated, TimeSpan.FromHours(1), Because, Noon).ShouldBeNull("asking twice is asking once");
    }

    [Theory]
    [InlineData(true, ApprovalState.Approved, LedgerAction.Approved)]
    [InlineData(false, ApprovalState.Declined, LedgerAction.Declined)]
    public void Decide_APendingOne_IsALineThatSaysWho(bool approve, ApprovalState state, LedgerAction action)
    {
        RegistryChange asked = Ask(Three, 2);

        RegistryChange decided = ApprovalMoves.Decide(asked.Head, asked.Updated!, approve, Because, Noon.AddMinutes(5))!;

        decided.Updated!.Approval.ShouldBe(new ModelApproval(state, Noon, Noon.AddHours(1)) { DecidedBy = "ada@example.com", DecidedAt = Noon.AddMinutes(5), Why = "the numbers hold" });
        decided.Entry.Action.ShouldBe(action);
        decided.Head.PendingApproval.ShouldBeNull();
        ApprovalMoves.Decide(decided.Head, decided.Updated, approve, Because, Noon.AddMinutes(6)).ShouldBeNull("the same decision twice is one");
        Should.Throw<RegistryMoveException>(() => ApprovalMoves.Decide(decided.Head, decided.Updated, !approve, Because, Noon.AddMinutes(6))).Message
            .ShouldContain("ada@example.com");
    }

    [Fact]
    public void Decide_AfterTheTime_IsRefused_WhetherOrNotTheTimerHasFired()
    {
        RegistryChange asked = Ask(Three, 2);
        Should.Throw<RegistryMoveException>(() => ApprovalMoves.Decide(asked.Head, asked.Updated!, true, Because, Noon.AddHours(1))).Message
            .ShouldBe("Version 2 cannot be approved any more: the time to decide ended 2026-01-02 13:00:00Z.");
        ApprovalMoves.Expire(asked.Head, asked.Updated!, Because, Noon.AddMinutes(59)).ShouldBeNull();

        RegistryChange expired = ApprovalMoves.Expire(asked.Head, asked.Updated!, Because, Noon.AddHours(1))!;

        expired.Updated!.Approval!.State.ShouldBe(ApprovalState.Expired);
        expired.Updated.Approval.DecidedBy.ShouldBeNull();
        Should.Throw<RegistryMoveException>(() => ApprovalMoves.Decide(expired.Head, expired.Updated, true, Because, Noon.AddHours(2)));
    }

    [Fact]
    public void Supersede_ByANewerVersion_ClosesTheOlderQuestion()
    {
        RegistryChange older = Ask(Three, 2);
        ApprovalMoves.Supersede(older.Head, older.Updated!, 1, Because, Noon).ShouldBeNull();

        RegistryChange closed = ApprovalMoves.Supersede(older.Head, older.Updated!, 3, Because, Noon)!;

        closed.Updated!.Approval!.State.ShouldBe(ApprovalState.Superseded);
        Should.Throw<RegistryMoveException>(() => ApprovalMoves.Decide(closed.Head, closed.Updated, true, Because, Noon)).Message.ShouldContain("version 3 is newer");
    }

    [Fact]
    public void Request_WhileANewerOneServesOrIsAsked_IsSupersededAtOnce()
    {
        RegistryHead serving = RegistryMoves.Promote(Three, 3, Because, Noon)!.Head;

        Ask(serving, 2).Updated!.Approval!.State.ShouldBe(ApprovalState.Superseded);
        Ask(Ask(Three, 3).Head, 2).Updated!.Approval!.State.ShouldBe(ApprovalState.Superseded);
        Ask(Ask(Three, 3).Head, 2).Head.PendingApproval.ShouldBe(3);
    }

    [Fact]
    public void Decide_AVersionThatAsksForNone_IsRefused() =>
        Should.Throw<RegistryMoveException>(() => ApprovalMoves.Decide(Three, VersionMovesTests.Row(1), true, Because, Noon)).Message.ShouldContain("asks for no approval");

    private static RegistryChange Ask(RegistryHead head, int version) =>
        ApprovalMoves.Request(head, VersionMovesTests.Row(version), TimeSpan.FromHours(1), Because, Noon)!;
}
