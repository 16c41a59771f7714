using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Rollout;

namespace ServerlessMlops.Functions.Tests.Rollout;

public sealed class RolloutOrchestratorTests
{
    private const string Canary = "target: delayed\ndeploy: {strategy: canary, steps: [10%, 50%, 100%], hold: 10m, maxHold: 30m, minimumRequests: 100, withoutEvidence: rollBack}\n";
    private static readonly TimeSpan Long = TimeSpan.FromHours(3);
    private static readonly MoveReason ByHand = new("unverified:ada", "I say so.", "by hand");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Canary_SoundChallenger_GoesStepByStepIntoService(bool everyActivityTwice)
    {
        await using RolloutHarness harness = Harness(Canary, everyActivityTwice);
        harness.Windows.Script = (version, _) => version == 2 ? new Minute(30, 0) : new Minute(270, 1);
        DateTimeOffset began = harness.Time.GetUtcNow();

        string id = await harness.StartAsync(2);
        await harness.UntilAsync(() => harness.Registry.Head.Live!.Rollout is not null, Long);
        harness.Registry.Head.Live!.Shares[1].ShouldBe(new TrafficShare(2, 10));
        Run run = await harness.EndAsync(id, Long);

        run.Status.ShouldBe(RunStatus.Succeeded);
        run.Stage.ShouldBe("live");
        harness.Registry.Moves.ShouldBe([(LedgerAction.RolloutStarted, 2), (LedgerAction.RolloutAdvanced, 2), (LedgerAction.Promoted, 2)]);
        harness.Registry.Head.Live.ShouldSatisfyAllConditions(live => live!.Version.ShouldBe(2), live => live!.PreviousVersion.ShouldBe(1), live => live!.Rollout.ShouldBeNull());
        (harness.Time.GetUtcNow() - began).ShouldBeInRange(TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(25));
        run.Outputs.Where(o => o.Kind == "judgement").Select(o => o.Id).ShouldBe(["step 1", "step 2"], ignoreOrder: true);
        harness.Registry.Ledger[^1].Why.ShouldContain("no measure worse");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Canary_ChallengerFails_IsRolledBackByItselfWithReasonsAndAnAlert(bool everyActivityTwice)
    {
        await using RolloutHarness harness = Harness(Canary, everyActivityTwice);
        harness.Windows.Script = (version, _) => version == 2 ? new Minute(30, 8) : new Minute(270, 1);

        string id = await harness.StartAsync(2);
        Run run = await harness.EndAsync(id, TimeSpan.FromMinutes(9));

        run.Status.ShouldBe(RunStatus.Rejected);
        run.Reason!.ShouldStartWith("Version 2 was rolled back, version 1 serves.");
        run.Reason!.ShouldContain("requests failed with version 2");
        harness.Registry.Moves.ShouldBe([(LedgerAction.RolloutStarted, 2), (LedgerAction.RolloutWithdrawn, 2)]);
        harness.Registry.Ledger[^1].Why.ShouldContain("requests failed with version 2");
        harness.Registry.Head.Live.ShouldSatisfyAllConditions(live => live!.Version.ShouldBe(1), live => live!.Shares.ShouldBeEmpty());
        harness.Alerts.Raised.ShouldContain(alert => alert.Topic == AlertTopic.Rollback && alert.Evidence == id);
    }

    [Fact]
    public async Task Canary_TurnsBadAtTheSecondStep_IsRolledBackThere()
    {
        await using RolloutHarness harness = Harness(Canary);
        DateTimeOffset turn = harness.Time.GetUtcNow().AddMinutes(12);
        harness.Windows.Script = (version, minute) => version == 2 ? new Minute(100, minute > turn ? 40 : 0) : new Minute(100, 0);

        Run run = await harness.EndAsync(await harness.StartAsync(2), Long);

        run.Status.ShouldBe(RunStatus.Rejected);
        harness.Registry.Moves.ShouldBe([(LedgerAction.RolloutStarted, 2), (LedgerAction.RolloutAdvanced, 2), (LedgerAction.RolloutWithdrawn, 2)]);
    }

    [Theory]
    [InlineData("rollBack", RunStatus.Rejected, 1)]
    [InlineData("promote", RunStatus.Succeeded, 2)]
    public async Task Canary_TooFewRequests_WaitsForMoreThenGoesByTheRule(string rule, RunStatus expected, int serves)
    {
        await using RolloutHarness harness = Harness(Canary.Replace("rollBack", rule, StringComparison.Ordinal));
        harness.Windows.Script = (version, _) => version == 2 ? new Minute(1, 0) : new Minute(20, 0);
        DateTimeOffset began = harness.Time.GetUtcNow();

        Run run = await harness.EndAsync(await harness.StartAsync(2), Long);

        run.Status.ShouldBe(expected);
        harness.Registry.Head.Live!.Version.ShouldBe(serves);
        (harness.Time.GetUtcNow() - began).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMinutes(30));
    }

    [Fact]
    public async Task Canary_TooFewRequestsAndToldToHold_WaitsForAPersonAndThenForTraffic()
    {
        await using RolloutHarness harness = Harness(Canary.Replace("rollBack", "hold", StringComparison.Ordinal));
        int requests = 1;
        harness.Windows.Script = (version, _) => version == 2 ? new Minute(Volatile.Read(ref requests), 0) : new Minute(20, 0);

        string id = await harness.StartAsync(2);
        await harness.UntilAsync(() => harness.Run(id)?.Status == RunStatus.Waiting, Long);
        harness.Run(id)!.Reason!.ShouldContain("until somebody promotes or rolls back");
        harness.Alerts.Raised.ShouldContain(alert => alert.Topic == AlertTopic.Approval);
        harness.Registry.Head.Live!.Shares[1].Percent.ShouldBe(10);

        Volatile.Write(ref requests, 50);
        (await harness.EndAsync(id, Long)).Status.ShouldBe(RunStatus.Succeeded);
    }

    [Fact]
    public async Task Canary_PromotedByHand_EndsAtOnceAndMovesNothingMore()
    {
        await using RolloutHarness harness = Harness(Canary);
        string id = await RunningAsync(harness, 2);

        await harness.Registry.PromoteAsync("flights", 2, ByHand, default);
        await harness.Client.RaiseEventAsync(id, RolloutOrchestrator.PointerMoved, "moved");
        Run run = await harness.EndAtOnceAsync(id);

        run.Status.ShouldBe(RunStatus.Succeeded);
        run.Reason.ShouldBe("Promoted by unverified:ada: I say so.");
        harness.Registry.Moves.ShouldBe([(LedgerAction.RolloutStarted, 2), (LedgerAction.Promoted, 2)]);
    }

    [Fact]
    public async Task Canary_RolledBackByHandWithoutTheEvent_EndsAtTheNextLook()
    {
        await using RolloutHarness harness = Harness(Canary);
        string id = await RunningAsync(harness, 2);

        await harness.Registry.RollBackAsync("flights", 2, ByHand, default);
        Run run = await harness.EndAsync(id, TimeSpan.FromMinutes(5));

        run.Status.ShouldBe(RunStatus.Cancelled);
        run.Reason.ShouldBe("Ended by unverified:ada: I say so. Version 1 serves.");
        harness.Registry.Head.Live!.Version.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Canary_HeldByHand_StaysAtItsStepUntilItIsResumed(bool everyActivityTwice)
    {
        await using RolloutHarness harness = Harness(Canary, everyActivityTwice);
        harness.Windows.Script = (version, _) => version == 2 ? new Minute(30, 0) : new Minute(270, 1);
        string id = await RunningAsync(harness, 2);

        await harness.MoveAsync(RolloutMoves.Hold, ByHand);
        DateTimeOffset held = harness.Time.GetUtcNow();
        await harness.UntilAsync(() => harness.Time.GetUtcNow() > held.AddHours(2), Long);
        harness.Registry.Head.Live!.Shares[1].Percent.ShouldBe(10);
        harness.Run(id)!.ShouldSatisfyAllConditions(
            run => run.IsEnded.ShouldBeFalse(),
            run => run.Stage.ShouldBe("held"),
            run => run.Outputs.Single(o => o.Kind == "judgement").Detail!.ShouldContain("Held by unverified:ada"));

        await harness.MoveAsync(RolloutMoves.Resume, ByHand);
        await harness.Client.RaiseEventAsync(id, RolloutOrchestrator.PointerMoved, "moved");
        (await harness.EndAsync(id, TimeSpan.FromMinutes(30))).Status.ShouldBe(RunStatus.Succeeded);
        harness.Registry.Moves.ShouldBe(
            [(LedgerAction.RolloutStarted, 2), (LedgerAction.RolloutHeld, 2), (LedgerAction.RolloutResumed, 2), (LedgerAction.RolloutAdvanced, 2), (LedgerAction.Promoted, 2)]);
    }

    [Theory]
    [InlineData(10, LedgerAction.RolloutAdvanced)]
    [InlineData(50, LedgerAction.Promoted)]
    public async Task Canary_HeldWhileAStepIsBeingJudgedAsPassed_WaitsForTheResumption(int atPercent, LedgerAction next)
    {
        await using RolloutHarness harness = Harness(Canary);
        bool heldOnce = false;
        string? id = null;
        harness.Windows.Script = (version, minute) =>
        {
            // Evidence is read after the head: a hold that comes here is known to nobody before the move itself.
            LivePointer live = harness.Registry.Head.Live!;
            if (!heldOnce && live.Rollout is { } running && live.Shares[1].Percent == atPercent && harness.Time.GetUtcNow() >= running.StepSince.AddMinutes(10))
            {
                heldOnce = true;
                harness.MoveAsync(RolloutMoves.Hold, ByHand).GetAwaiter().GetResult();
            }

            return version == 2 ? new Minute(30, 0) : new Minute(270, 1);
        };
        id = await harness.StartAsync(2);

        await harness.UntilAsync(() => heldOnce && harness.Run(id)!.Stage == "held", Long);
        harness.Registry.Head.Live!.Shares[1].Percent.ShouldBe(atPercent);
        harness.Registry.Moves.Last().ShouldBe((LedgerAction.RolloutHeld, 2));

        await harness.MoveAsync(RolloutMoves.Resume, ByHand);
        await harness.Client.RaiseEventAsync(id, RolloutOrchestrator.PointerMoved, "moved");
        (await harness.EndAsync(id, Long)).Status.ShouldBe(RunStatus.Succeeded);
        harness.Registry.Moves.SkipWhile(move => move.Action != LedgerAction.RolloutResumed).ElementAt(1).Action.ShouldBe(next);
    }

    [Fact]
    public async Task Canary_HeldByHandAndTurnsBad_IsRolledBackAllTheSame()
    {
        await using RolloutHarness harness = Harness(Canary);
        DateTimeOffset turn = harness.Time.GetUtcNow().AddMinutes(40);
        harness.Windows.Script = (version, minute) => version == 2 ? new Minute(100, minute > turn ? 40 : 0) : new Minute(100, 0);
        string id = await RunningAsync(harness, 2);

        await harness.MoveAsync(RolloutMoves.Hold, ByHand);

        (await harness.EndAsync(id, Long)).Status.ShouldBe(RunStatus.Rejected);
        harness.Registry.Moves.Last().ShouldBe((LedgerAction.RolloutWithdrawn, 2));
    }

    [Fact]
    public async Task Canary_LabelsSayThatTheChallengerIsWrongMoreOften_IsRolledBackByItself()
    {
        await using RolloutHarness harness = Harness(Canary);
        harness.Windows.Script = (_, _) => new Minute(100, 0);
        harness.Outcomes.Script = version => version == 2 ? new LabelledOutcomes(400, 400 * 0.9, 400 * 1.1) : new LabelledOutcomes(900, 900 * 0.4, 900 * 0.3);

        Run run = await harness.EndAsync(await harness.StartAsync(2), Long);

        run.Status.ShouldBe(RunStatus.Rejected);
        run.Reason!.ShouldContain("The mean loss of version 2 is 0.9 over 400 labels, of version 1 0.4 over 900");
    }

    [Fact]
    public async Task Canary_NewerVersionRollsOut_TakesItsPlaceAndIsWoken()
    {
        await using RolloutHarness harness = Harness(Canary);
        harness.Windows.Script = (_, _) => new Minute(100, 0);
        string older = await RunningAsync(harness, 2);

        string newer = await harness.StartAsync(3);
        Run ended = await harness.EndAtOnceAsync(older);
        Run promoted = await harness.EndAsync(newer, Long);

        ended.Status.ShouldBe(RunStatus.Cancelled);
        ended.Reason!.ShouldContain("Superseded by the rollout of version 3");
        promoted.Status.ShouldBe(RunStatus.Succeeded);
        harness.Registry.Head.Live!.ShouldSatisfyAllConditions(live => live.Version.ShouldBe(3), live => live.PreviousVersion.ShouldBe(1));
    }

    [Fact]
    public async Task BlueGreen_SoundAfterTheSwitch_Stays()
    {
        await using RolloutHarness harness = Harness(Canary.Replace("canary", "blueGreen", StringComparison.Ordinal));
        harness.Windows.Script = (version, _) => harness.Registry.Head.Live!.Version == version ? new Minute(100, 0) : default;

        Run run = await harness.EndAsync(await harness.StartAsync(2), Long);

        run.Status.ShouldBe(RunStatus.Succeeded);
        harness.Registry.Moves.ShouldBe([(LedgerAction.RolloutStarted, 2), (LedgerAction.Promoted, 2), (LedgerAction.RolloutCompleted, 2)]);
        harness.Registry.Head.Live!.ShouldSatisfyAllConditions(live => live.Version.ShouldBe(2), live => live.Rollout.ShouldBeNull());
        AliasMoves.Of(harness.Registry.Head).Select(a => (a.Name, a.Version)).ShouldBe([("blue", 1), ("champion", 2), ("green", 2)]);
    }

    [Fact]
    public async Task BlueGreen_FailsAfterTheSwitch_ChangesBack()
    {
        await using RolloutHarness harness = Harness(Canary.Replace("canary", "blueGreen", StringComparison.Ordinal));
        DateTimeOffset start = harness.Time.GetUtcNow();
        harness.Windows.Script = (version, minute) => version == 1
            ? minute < start.AddMinutes(10) ? new Minute(100, 0) : default
            : minute > start.AddMinutes(10) ? new Minute(100, 30) : default;

        Run run = await harness.EndAsync(await harness.StartAsync(2), Long);

        run.Status.ShouldBe(RunStatus.Rejected);
        harness.Registry.Moves.ShouldBe([(LedgerAction.RolloutStarted, 2), (LedgerAction.Promoted, 2), (LedgerAction.RolledBack, 1)]);
        harness.Registry.Head.Live!.ShouldSatisfyAllConditions(live => live.Version.ShouldBe(1), live => live.Rollout.ShouldBeNull());
    }

    [Fact]
    public async Task Shadow_Sound_IsPromotedAfterItsHold()
    {
        await using RolloutHarness harness = Harness(Canary.Replace("canary", "shadow", StringComparison.Ordinal));
        harness.Windows.Script = (_, _) => new Minute(100, 0);

        Run run = await harness.EndAsync(await harness.StartAsync(2), Long);

        run.Status.ShouldBe(RunStatus.Succeeded);
        harness.Registry.Moves.ShouldBe([(LedgerAction.RolloutStarted, 2), (LedgerAction.Promoted, 2)]);
    }

    [Fact]
    public async Task Canary_OfTheFirstVersion_ServesAtOnce()
    {
        await using RolloutHarness harness = Harness(Canary, live: null);

        Run run = await harness.EndAtOnceAsync(await harness.StartAsync(1));

        run.Status.ShouldBe(RunStatus.Succeeded);
        harness.Registry.Moves.ShouldBe([(LedgerAction.Promoted, 1)]);
    }

    [Fact]
    public async Task Replace_ServesAtOnce()
    {
        await using RolloutHarness harness = Harness("target: delayed\n");

        (await harness.EndAtOnceAsync(await harness.StartAsync(2))).Status.ShouldBe(RunStatus.Succeeded);

        harness.Registry.Moves.ShouldBe([(LedgerAction.Promoted, 2)]);
    }

    [Fact]
    public async Task Canary_OfAModelThatCannotBeLoaded_FailsAndTouchesNothing()
    {
        await using RolloutHarness harness = Harness(Canary);
        harness.Models.Damaged.Add(2);

        Run run = await harness.EndAsync(await harness.StartAsync(2), TimeSpan.FromMinutes(2));

        run.Status.ShouldBe(RunStatus.Failed);
        run.Reason!.ShouldContain("the bytes are not those");
        harness.Registry.Ledger.ShouldBeEmpty();
    }

    [Fact]
    public async Task Canary_StorageIsAwayForAMinute_TheChallengerIsTakenFromServiceOnceItIsBack()
    {
        await using RolloutHarness harness = Harness(Canary);
        harness.Windows.Script = (_, _) => new Minute(100, 0);
        string id = await RunningAsync(harness, 2);
        harness.Registry.AwayUntil = harness.Run(id)!.StartedAt + TimeSpan.FromMinutes(3); // the first look is after 100 s

        Run run = await harness.EndAsync(id, TimeSpan.FromMinutes(10));

        run.Status.ShouldBe(RunStatus.Failed);
        run.Reason!.ShouldContain("storage is away");
        harness.Registry.Head.Live.ShouldSatisfyAllConditions(live => live!.Rollout.ShouldBeNull(), live => live!.Version.ShouldBe(1));
    }

    [Fact]
    public async Task Canary_SpecChangesMeanwhile_GoesByTheOneItBeganWith()
    {
        await using RolloutHarness harness = Harness(Canary);
        harness.Windows.Script = (_, _) => new Minute(100, 0);
        string id = await RunningAsync(harness, 2);
        harness.Specs.Yaml = "target: delayed\ndeploy: {strategy: canary, steps: [1%, 100%], hold: 10d, maxHold: 20d}\n";

        (await harness.EndAsync(id, TimeSpan.FromMinutes(30))).Status.ShouldBe(RunStatus.Succeeded);
    }

    [Fact]
    public void Pause_OverALongWait_MakesFewLooks()
    {
        RolloutPlan plan = RolloutPlan.Of(new DeploySpec { Strategy = DeployStrategy.Canary }, null);
        int looks = 0;
        for (TimeSpan elapsed = TimeSpan.Zero; elapsed < TimeSpan.FromDays(30); elapsed += plan.Pause(elapsed))
        {
            looks++;
        }

        looks.ShouldBeLessThan(100);
        plan.Pause(TimeSpan.FromMinutes(29)).ShouldBe(TimeSpan.FromMinutes(1));
    }

    private static RolloutHarness Harness(string spec, bool twice = false, int? live = 1)
    {
        var harness = new RolloutHarness(twice);
        harness.Specs.Yaml = spec;
        harness.Registry.Have(3, live);
        return harness;
    }

    private static async Task<string> RunningAsync(RolloutHarness harness, int version)
    {
        string id = await harness.StartAsync(version);
        await harness.UntilAsync(() => harness.Run(id)?.Stage.StartsWith("canary", StringComparison.Ordinal) == true, TimeSpan.FromMinutes(1));
        return id;
    }
}
