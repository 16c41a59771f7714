using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Core.Tests.Registry;

public sealed class VersionMovesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly MoveReason Because = new("unverified:test", "because", "run-1");
    private static readonly RegistryHead Five = new() { Pipeline = "birds", LastVersion = 5 };

    [Fact]
    public void Moves_APromotion_RetiresWhatServed()
    {
        RegistryHead first = RegistryMoves.Promote(Five, 1, Because, Noon)!.Head;
        RegistryHead second = RegistryMoves.Promote(first, 2, Because, Noon)!.Head;

        ModelLife.Moves(Five, first).ShouldBe([(1, ModelStage.Serving)]);
        ModelLife.Moves(first, second).ShouldBe([(1, ModelStage.Retired), (2, ModelStage.Serving)]);
    }

    [Fact]
    public void Moves_ARolloutThatIsWithdrawn_GoesThereAndBack()
    {
        RegistryHead live = RegistryMoves.Promote(Five, 1, Because, Noon)!.Head;
        RegistryHead tried = RolloutMoves.Begin(live, new RolloutStart("rollout-3", 3, DeployStrategy.Canary, 0.05), Because, Noon)!.Head;
        RegistryHead back = RolloutMoves.Withdraw(tried, "rollout-3", Because, Noon)!.Head;

        ModelLife.Moves(live, tried).ShouldBe([(3, ModelStage.Challenging)]);
        ModelLife.Moves(tried, back).ShouldBe([(3, ModelStage.Registered)]);
        AliasMoves.Of(tried).Select(a => (a.Name, a.Version)).ShouldBe([("challenger", 3), ("champion", 1)]);
    }

    [Theory]
    [InlineData(ModelStage.Deleted)]
    [InlineData(ModelStage.Archived)]
    public void To_ServingWhatIsPutAwayOrDeleted_IsRefused(ModelStage stage) =>
        Should.Throw<RegistryMoveException>(() => ModelLife.To(Row(2) with { Stage = stage }, ModelStage.Serving)).Message.ShouldContain("Version 2");

    [Fact]
    public void Delete_WhatIsInUse_IsRefusedWithTheReason()
    {
        RegistryHead head = RegistryMoves.Promote(RegistryMoves.Promote(Five, 1, Because, Noon)!.Head, 2, Because, Noon)!.Head;
        head = RolloutMoves.Begin(head, new RolloutStart("rollout-4", 4, DeployStrategy.Canary, 0.05), Because, Noon)!.Head with
        {
            Aliases = [new ModelAlias("best", 3, Noon, 1)], PendingApproval = 5,
        };

        foreach ((int version, string why) in (IEnumerable<(int, string)>)
            [(1, "a rollback returns to it"), (2, "it serves"), (3, "the alias 'best' stands for it"), (4, "a rollout tries it"), (5, "it waits for approval")])
        {
            Should.Throw<RegistryMoveException>(() => VersionMoves.Delete(head, Row(version), Because, Noon)).Message.ShouldBe(
                $"Version {version} of pipeline 'birds' cannot be deleted: {why}.");
        }
    }

    [Fact]
    public void Delete_Twice_IsOneMove()
    {
        RegistryChange change = VersionMoves.Delete(Five, Row(1), Because, Noon)!;

        change.Entry.Action.ShouldBe(LedgerAction.Deleted);
        change.Updated!.Stage.ShouldBe(ModelStage.Deleted);
        VersionMoves.Delete(change.Head, change.Updated, Because, Noon).ShouldBeNull();
        Should.Throw<RegistryMoveException>(() => VersionMoves.Archive(change.Head, change.Updated, Because, Noon));
        Should.Throw<RegistryMoveException>(() => VersionMoves.Restore(change.Head, change.Updated, Because, Noon));
    }

    [Fact]
    public void Archive_AndRestore_AreEachOneLine()
    {
        RegistryChange away = VersionMoves.Archive(Five, Row(1), Because, Noon)!;
        RegistryChange back = VersionMoves.Restore(away.Head, away.Updated!, Because, Noon)!;

        (away.Entry.Action, back.Entry.Action, back.Updated!.Stage).ShouldBe((LedgerAction.Archived, LedgerAction.Restored, ModelStage.Registered));
        VersionMoves.Archive(away.Head, away.Updated!, Because, Noon).ShouldBeNull();
        VersionMoves.Restore(back.Head, back.Updated, Because, Noon).ShouldBeNull();
    }

    [Fact]
    public void Tag_SetChangedAndRemoved_AreLinesAndTheSameTwiceIsNone()
    {
        RegistryChange set = VersionMoves.Tag(Five, Row(1), "owner", "ads", Because, Noon)!;
        set.Updated!.Tags["owner"].ShouldBe("ads");
        (set.Entry.Alias, set.Entry.Why).ShouldBe(("owner", "owner = ads; because"));
        VersionMoves.Tag(set.Head, set.Updated, "owner", "ads", Because, Noon).ShouldBeNull();
        VersionMoves.Tag(set.Head, set.Updated, "owner", null, Because, Noon)!.Updated!.Tags.ShouldBeEmpty();
        VersionMoves.Tag(Five, Row(1), "owner", null, Because, Noon).ShouldBeNull();
        Should.Throw<RegistryMoveException>(() => VersionMoves.Tag(Five, Row(1), new string('k', 65), "v", Because, Noon));
        ModelVersion full = Row(1) with { Tags = Enumerable.Range(0, VersionMoves.MostTags).ToDictionary(i => $"k{i}", i => "v") };
        Should.Throw<RegistryMoveException>(() => VersionMoves.Tag(Five, full, "one more", "v", Because, Noon)).Message.ShouldContain("50 tags");
    }

    [Fact]
    public void SetAlias_Guarded_IsMadeOnlyOnWhatWasSeen()
    {
        RegistryChange set = AliasMoves.Set(Five, Row(1), "stable", expected: 0, Because, Noon)!;
        long mark = set.Head.Aliases.Single().Move;
        mark.ShouldBe(set.Entry.Number);

        Should.Throw<AliasChangedException>(() => AliasMoves.Set(set.Head, Row(2), "stable", expected: 0, Because, Noon)).Message.ShouldContain("stands for version 1");
        Should.Throw<AliasChangedException>(() => AliasMoves.Remove(Five, "stable", expected: mark, Because, Noon)).Message.ShouldBe("There is no alias 'stable' any more.");
        RegistryChange moved = AliasMoves.Set(set.Head, Row(2), "stable", mark, Because, Noon)!;
        moved.Head.Aliases.Single().Version.ShouldBe(2);
        AliasMoves.Set(moved.Head, Row(2), "stable", null, Because, Noon).ShouldBeNull();
        AliasMoves.Remove(moved.Head, "stable", null, Because, Noon)!.Head.Aliases.ShouldBeEmpty();
        AliasMoves.Remove(Five, "stable", null, Because, Noon).ShouldBeNull();
    }

    [Fact]
    public void SetAlias_ThatFollowsWhatServesOrForADeletedVersion_IsRefused()
    {
        Should.Throw<RegistryMoveException>(() => AliasMoves.Set(Five, Row(1), "champion", null, Because, Noon)).Message.ShouldContain("follows what serves");
        Should.Throw<RegistryMoveException>(() => AliasMoves.Remove(Five, "challenger", null, Because, Noon));
        Should.Throw<RegistryMoveException>(() => AliasMoves.Set(Five, Row(1) with { Stage = ModelStage.Deleted }, "old", null, Because, Noon));
        RegistryHead full = Five with { Aliases = [.. Enumerable.Range(0, AliasMoves.Most).Select(i => new ModelAlias($"a{i}", 1, Noon, i + 1))] };
        Should.Throw<RegistryMoveException>(() => AliasMoves.Set(full, Row(1), "one-more", null, Because, Noon)).Message.ShouldContain("50 aliases");
    }

    [Theory]
    [InlineData("stable", true)]
    [InlineData("v2-eu", true)]
    [InlineData("2", false)]
    [InlineData("Stable", false)]
    [InlineData("", false)]
    public void IsName_OfAnAlias_FollowsTheRule(string name, bool valid) => AliasMoves.IsName(name).ShouldBe(valid);

    internal static ModelVersion Row(int version) => new()
    {
        Version = version, ModelId = $"m{version}", DatasetId = "d", SpecHash = "s", Candidate = "boosting", RunId = "run-1", CreatedAt = Noon,
        Metrics = new Dictionary<string, double>(),
    };
}
