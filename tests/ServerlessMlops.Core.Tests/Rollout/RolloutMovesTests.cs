using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Core.Tests.Rollout;

public sealed class RolloutMovesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly MoveReason Because = new("system:rollout", "because", "run-1");

    private static readonly RegistryHead Served = new()
    {
        Pipeline = "p1", LastVersion = 4, Live = new LivePointer(1, Noon.AddDays(-1), null),
    };

    [Fact]
    public void Begin_Canary_SharesTrafficAndKeepsTheChampion()
    {
        RegistryHead head = RolloutMoves.Begin(Served, Start(2, 0.05), Because, Noon)!.Head;

        head.Live!.Version.ShouldBe(1);
        head.Live.Shares.ShouldBe([new TrafficShare(1, 95), new TrafficShare(2, 5)]);
        head.Live.Salt.ShouldNotBeEmpty();
        head.Live.Rollout.ShouldBe(new RunningRollout("rollout-2", 2, DeployStrategy.Canary, 0, Noon, Noon));
    }

    [Fact]
    public void Begin_Repeated_IsNoMove() => RolloutMoves.Begin(Begun(2), Start(2, 0.05), Because, Noon).ShouldBeNull();

    [Fact]
    public void Begin_NothingServes_Promotes() =>
        RolloutMoves.Begin(Served with { Live = null }, Start(2, 0.05), Because, Noon)!.Head.Live.ShouldBe(new LivePointer(2, Noon, null));

    [Fact]
    public void Begin_BlueGreen_GivesTheChallengerTheIdlePlaceAndLeavesTheOther()
    {
        RegistryChange first = RolloutMoves.Begin(Served, Start(2, 0) with { Strategy = DeployStrategy.BlueGreen }, Because, Noon)!;
        first.Head.Aliases.Select(a => (a.Name, a.Version)).ShouldBe([("blue", 1), ("green", 2)]);
        first.Entry.Alias.ShouldBe("green");

        RegistryHead switched = RolloutMoves.Complete(first.Head, "rollout-2", Because, Noon)!.Head;
        RegistryHead next = RolloutMoves.Begin(switched, Start(3, 0) with { Strategy = DeployStrategy.BlueGreen }, Because, Noon)!.Head;
        next.Aliases.Select(a => (a.Name, a.Version)).ShouldBe([("blue", 3), ("green", 2)]);
    }

    [Fact]
    public void Hold_ARunningRollout_KeepsItAtItsStepAndLetsItBeWithdrawn()
    {
        RegistryHead held = RolloutMoves.Hold(Begun(2), Because, Noon)!.Head;

        held.Live!.Rollout!.Held.ShouldBe(new RolloutHold("system:rollout", Noon, "because"));
        RolloutMoves.Hold(held, Because, Noon).ShouldBeNull();
        RolloutMoves.Advance(held, "rollout-2", 1, 0.5, Because, Noon).ShouldBeNull();
        RolloutMoves.Complete(held, "rollout-2", Because, Noon).ShouldBeNull();
        RolloutMoves.Withdraw(held, "rollout-2", Because, Noon)!.Head.Live!.Rollout.ShouldBeNull();
        RegistryMoves.Promote(held, 2, Because, Noon)!.Head.Live!.Rollout.ShouldBeNull();

        RegistryHead resumed = RolloutMoves.Resume(held, Because, Noon)!.Head;
        RolloutMoves.Resume(resumed, Because, Noon).ShouldBeNull();
        RolloutMoves.Advance(resumed, "rollout-2", 1, 0.5, Because, Noon).ShouldNotBeNull();
    }

    [Fact]
    public void Hold_NothingRunning_SaysWhatServes() =>
        Should.Throw<RegistryMoveException>(() => RolloutMoves.Hold(Served, Because, Noon)).Message.ShouldBe("Pipeline 'p1' has no rollout to hold: version 1 serves all requests.");

    [Theory]
    [InlineData("3", 3)]
    [InlineData("5", null)]
    [InlineData("champion", 1)]
    [InlineData("stable", 4)]
    [InlineData("other", null)]
    public void Resolve_NumberOrAlias_IsTheVersionOrNothing(string name, int? version) =>
        AliasMoves.Resolve(Served with { Aliases = [new ModelAlias("stable", 4, Noon, 1)] }, name).ShouldBe(version);

    [Fact]
    public void Begin_WhileAnOlderRuns_TakesItsPlaceAndSaysSo()
    {
        RegistryChange change = RolloutMoves.Begin(Begun(2), Start(3, 0.05), Because, Noon)!;

        change.Head.Live!.Rollout!.Version.ShouldBe(3);
        change.Entry.Why.ShouldContain("place of the rollout of version 2");
        RolloutMoves.Complete(change.Head, "rollout-2", Because, Noon).ShouldBeNull("the older one has nothing to say any more");
        RolloutMoves.Withdraw(change.Head, "rollout-2", Because, Noon).ShouldBeNull();
    }

    [Fact]
    public void Begin_WhileANewerRuns_IsNoMove() => RolloutMoves.Begin(Begun(3), Start(2, 0.05), Because, Noon).ShouldBeNull();

    [Fact]
    public void Begin_UnknownVersion_IsRefused() =>
        Should.Throw<RegistryMoveException>(() => RolloutMoves.Begin(Served, Start(9, 0.05), Because, Noon)).Message.ShouldContain("1 to 4");

    [Fact]
    public void Advance_ToALaterStep_GrowsTheShareUnderTheSameSalt()
    {
        RegistryHead first = Begun(2);
        RegistryHead second = RolloutMoves.Advance(first, "rollout-2", 1, 0.25, Because, Noon.AddHours(1))!.Head;

        second.Live!.Shares[1].Percent.ShouldBe(25);
        second.Live.Salt.ShouldBe(first.Live!.Salt);
        second.Live.Rollout!.StepSince.ShouldBe(Noon.AddHours(1));
        second.Live.Rollout.StartedAt.ShouldBe(Noon);
        RolloutMoves.Advance(second, "rollout-2", 1, 0.25, Because, Noon.AddHours(2)).ShouldBeNull("repeated");
        RolloutMoves.Advance(second, "rollout-2", 0, 0.05, Because, Noon.AddHours(2)).ShouldBeNull("late");
    }

    [Fact]
    public void Complete_Running_PromotesTheChallenger()
    {
        RegistryHead head = RolloutMoves.Complete(Begun(2), "rollout-2", Because, Noon)!.Head;

        head.Live.ShouldBe(new LivePointer(2, Noon, 1));
        RolloutMoves.Complete(head, "rollout-2", Because, Noon).ShouldBeNull();
    }

    [Fact]
    public void Withdraw_Running_LeavesTheChampionAlone()
    {
        RegistryHead head = RolloutMoves.Withdraw(Begun(2), "rollout-2", Because, Noon)!.Head;

        head.Live!.ShouldSatisfyAllConditions(
            live => live.Version.ShouldBe(1), live => live.Shares.ShouldBeEmpty(), live => live.Rollout.ShouldBeNull(), live => live.Since.ShouldBe(Served.Live!.Since));
    }

    [Fact]
    public void Promote_ByHandWhileARolloutRuns_EndsIt()
    {
        RegistryHead promoted = RegistryMoves.Promote(Begun(2), 2, Because, Noon)!.Head;
        RegistryHead kept = RegistryMoves.Promote(Begun(2), 1, Because, Noon)!.Head;

        promoted.Live.ShouldBe(new LivePointer(2, Noon, 1));
        kept.Live!.Version.ShouldBe(1);
        kept.Live.Rollout.ShouldBeNull();
        RolloutMoves.Advance(kept, "rollout-2", 1, 0.25, Because, Noon).ShouldBeNull();
    }

    [Fact]
    public void RollBack_ByHandOfTheChallenger_WithdrawsIt()
    {
        RegistryChange change = RegistryMoves.RollBack(Begun(2), 2, Because, Noon)!;

        change.Entry.Action.ShouldBe(LedgerAction.RolloutWithdrawn);
        change.Entry.Version.ShouldBe(2);
        change.Head.Live!.Version.ShouldBe(1);
    }

    private static RolloutStart Start(int version, double share) => new($"rollout-{version}", version, DeployStrategy.Canary, share);

    private static RegistryHead Begun(int version) => RolloutMoves.Begin(Served, Start(version, 0.05), Because, Noon)!.Head;
}
