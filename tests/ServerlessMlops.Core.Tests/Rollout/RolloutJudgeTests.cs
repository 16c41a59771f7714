using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Tests.Monitoring;

namespace ServerlessMlops.Core.Tests.Rollout;

public sealed class RolloutJudgeTests
{
    private static readonly ModelCard Card = Cards.Binary();
    private static readonly DeploySpec Canary = new() { Strategy = DeployStrategy.Canary };
    private static readonly StepProgress AtHold = new(0, 2, 6, TimeSpan.FromMinutes(30));

    [Fact]
    public void Judge_SoundChallengerAtHold_Advances()
    {
        StepJudgement judgement = Judge(Traffic(500, 1), Traffic(9500, 2), AtHold);

        judgement.Verdict.ShouldBe(StepVerdict.Advance);
        judgement.Signals.Where(s => s.Name != "performance").ShouldAllBe(s => s.Verdict == SignalVerdict.Sound);
        judgement.Signals.Single(s => s.Name == "performance").Verdict.ShouldBe(SignalVerdict.Unknown);
    }

    [Fact]
    public void Judge_BeforeHold_Waits() =>
        Judge(Traffic(500, 1), Traffic(9500, 2), AtHold with { Elapsed = TimeSpan.FromMinutes(29) }).Verdict.ShouldBe(StepVerdict.Wait);

    [Fact]
    public void Judge_ChallengerFails_RollsBackBeforeTheHoldIsOver()
    {
        StepJudgement judgement = Judge(Traffic(100, 1, failures: 0.2), Traffic(2000, 2), new StepProgress(0, 2, 1, TimeSpan.FromMinutes(5)));

        judgement.Verdict.ShouldBe(StepVerdict.RollBack);
        judgement.Reason.ShouldContain("requests failed with version 2");
    }

    [Fact]
    public void Judge_ChallengerCallsGoodRequestsBad_RollsBackACanaryAndNotABlueGreen()
    {
        VersionEvidence picky = Evidence(2, Traffic(200, 1, failures: 0.3, status: 400));
        VersionEvidence champion = Evidence(1, Traffic(2000, 2));

        RolloutJudge.Judge(picky, champion, Canary, new SloSpec(), AtHold).Verdict.ShouldBe(StepVerdict.RollBack);
        RolloutJudge.Judge(picky, champion, Canary with { Strategy = DeployStrategy.BlueGreen }, new SloSpec(), AtHold with { Step = 1 }).Verdict.ShouldBe(StepVerdict.Advance);
    }

    [Fact]
    public void Judge_Slower_RollsBackOnlyWhereItMatters()
    {
        Judge(Traffic(500, 1, milliseconds: 20), Traffic(9500, 2), AtHold).Reason.ShouldContain("answers 99% within");
        Judge(Traffic(500, 1, milliseconds: 20), Traffic(9500, 2), AtHold).Verdict.ShouldBe(StepVerdict.RollBack);

        // Ten times slower, and still far below the objective of 50 ms.
        Judge(Traffic(500, 1, milliseconds: 1), Traffic(9500, 2, milliseconds: 0.1), AtHold).Verdict.ShouldBe(StepVerdict.Advance);
    }

    [Fact]
    public void Judge_OutputsStuck_RollsBack() =>
        Judge(Traffic(500, 1, output: _ => 0.5), Traffic(9500, 2), AtHold).Signals.Single(s => s.Name == "output").Verdict.ShouldBe(SignalVerdict.Worse);

    [Fact]
    public void Judge_TrafficChangedForBoth_IsNotTheChallengersFault()
    {
        StepJudgement judgement = Judge(Traffic(500, 1, output: r => r.NextDouble() / 3), Traffic(9500, 2, output: r => r.NextDouble() / 3), AtHold);

        judgement.Verdict.ShouldBe(StepVerdict.Advance);
        judgement.Signals.Single(s => s.Name == "output").Effect!.Value.ShouldBeGreaterThan(0.3);
    }

    [Fact]
    public void Judge_MeanMoved_RollsBack() =>
        Judge(Traffic(500, 1, output: r => 0.3 + (0.7 * r.NextDouble())), Traffic(9500, 2), AtHold)
            .Signals.Single(s => s.Name == "mean").Verdict.ShouldBe(SignalVerdict.Worse);

    [Fact]
    public void Judge_LabelsSayItIsWorse_RollsBack()
    {
        var bad = new LabelledOutcomes(400, 280, 280);
        var good = new LabelledOutcomes(4000, 1600, 1200);

        StepJudgement judgement = RolloutJudge.Judge(
            Evidence(2, Traffic(500, 1)) with { Outcomes = bad }, Evidence(1, Traffic(9500, 2)) with { Outcomes = good }, Canary, new SloSpec(), AtHold);

        judgement.Verdict.ShouldBe(StepVerdict.RollBack);
        judgement.Reason.ShouldContain("mean loss");
    }

    [Theory]
    [InlineData(1, WithoutEvidence.RollBack, StepVerdict.Wait)]
    [InlineData(25, WithoutEvidence.RollBack, StepVerdict.RollBack)]
    [InlineData(25, WithoutEvidence.Promote, StepVerdict.Advance)]
    [InlineData(25, WithoutEvidence.Hold, StepVerdict.Hold)]
    [InlineData(24 * 31, WithoutEvidence.Hold, StepVerdict.RollBack)]
    public void Judge_TooFewRequests_WaitsThenGoesByTheRule(int hours, WithoutEvidence rule, StepVerdict expected) =>
        RolloutJudge.Judge(
            Evidence(2, Traffic(199, 1)), Evidence(1, Traffic(2000, 2)), Canary with { WithoutEvidence = rule }, new SloSpec(), AtHold with { Elapsed = TimeSpan.FromHours(hours) })
            .Verdict.ShouldBe(expected);

    [Fact]
    public void Judge_NoTrafficAtAll_IsUnknownEverywhere() =>
        Judge(WindowSums.Empty(Card), WindowSums.Empty(Card), AtHold).Signals.ShouldAllBe(s => s.Verdict == SignalVerdict.Unknown);

    [Fact]
    public void Judge_BulkOfAlikeRows_CountsAsRequestsNotAsRows()
    {
        // 25 requests of 400 rows of one value each: many rows, few observations.
        var random = new Random(7);
        var counter = new WindowCounter(Card, 2, "i");
        for (int request = 0; request < 25; request++)
        {
            double value = random.NextDouble();
            for (int row = 0; row < 400; row++)
            {
                counter.CountOutput(value);
            }

            counter.CountRequest(TimeSpan.FromMilliseconds(2), 200);
        }

        Judge(counter.TakeSnapshot(DateTimeOffset.UnixEpoch)!.Sums, Traffic(9500, 2), AtHold).Verdict.ShouldNotBe(StepVerdict.RollBack);
    }

    [Fact]
    public void Alpha_OverAnyNumberOfLooks_AddsUpToNoMoreThanTheSpecSays()
    {
        var spec = new JudgeSpec();
        double sum = 0;
        for (int step = 0; step < 3; step++)
        {
            for (int look = 1; look <= 10_000; look++)
            {
                sum += RolloutSignals.Count * RolloutJudge.Alpha(spec, new StepProgress(step, 3, look, default));
            }
        }

        sum.ShouldBeLessThanOrEqualTo(spec.FalseRollbacks);
        sum.ShouldBeGreaterThan(spec.FalseRollbacks * 0.999);
    }

    /// <summary>
    /// Rollouts of a model that is the champion's equal, two steps, ten looks each, limits of effect at nothing so that significance alone
    /// decides: the hardest case for the stated level.
    /// </summary>
    [Fact]
    public void Judge_EquallyGoodChallengers_AreRolledBackNoMoreOftenThanStated()
    {
        const int Rollouts = 300;
        DeploySpec spec = Canary with { Judge = new JudgeSpec { Errors = 0, Slowdown = 1, Output = 0, MeanShift = 0, FalseRollbacks = 0.1 }, MinimumRequests = 0 };
        int rolledBack = 0;
        for (int rollout = 0; rollout < Rollouts; rollout++)
        {
            bool worse = false;
            for (int step = 0; step < 2 && !worse; step++)
            {
                var challenger = WindowSums.Empty(Card);
                var champion = WindowSums.Empty(Card);
                for (int look = 1; look <= 10 && !worse; look++)
                {
                    int seed = (((rollout * 2) + step) * 20) + (look * 2);
                    challenger.Add(Traffic(40, seed, failures: 0.02, milliseconds: 8, spread: true));
                    champion.Add(Traffic(160, seed + 1, failures: 0.02, milliseconds: 8, spread: true));
                    worse = RolloutJudge.Judge(Evidence(2, challenger), Evidence(1, champion), spec, new SloSpec(), new StepProgress(step, 2, look, default))
                        .Verdict == StepVerdict.RollBack;
                }
            }

            rolledBack += worse ? 1 : 0;
        }

        // 0.1 of 300 are 30; the bound on the sum of dependent looks leaves the true rate well below.
        ((double)rolledBack / Rollouts).ShouldBeLessThanOrEqualTo(0.1);
    }

    /// <summary>
    /// Equal models, sixty keys that send fifty requests each, and each key with answers of its own: as requests, the sides differ; as keys, they do not. Without the keys (the
    /// last line) far more rollouts than stated would be rolled back.
    /// </summary>
    [Fact]
    public void Judge_FewKeysThatDiffer_AreNotTakenForManyRequests()
    {
        DeploySpec spec = Canary with { Judge = new JudgeSpec { Errors = 0, Slowdown = 1, Output = 0, MeanShift = 0, FalseRollbacks = 0.1 }, MinimumRequests = 0 };
        int rolledBack = 0;
        int withoutKeys = 0;
        const int Rollouts = 200;
        for (int rollout = 0; rollout < Rollouts; rollout++)
        {
            var random = new Random(rollout);
            (WindowCounter challenger, WindowCounter champion) = (new WindowCounter(Card, 2, "i"), new WindowCounter(Card, 1, "i"));
            (WindowCounter keyless, WindowCounter other) = (new WindowCounter(Card, 2, "i"), new WindowCounter(Card, 1, "i"));
            for (int key = 0; key < 60; key++)
            {
                double own = random.NextDouble();
                int group = KeyGroups.Of(System.Text.Encoding.UTF8.GetBytes($"{rollout}-{key}"));
                for (int request = 0; request < 50; request++)
                {
                    double value = (0.7 * own) + (0.3 * random.NextDouble());
                    Count(key % 2 == 0 ? challenger : champion, value, group);
                    Count(key % 2 == 0 ? keyless : other, value, KeyGroups.None);
                }
            }

            rolledBack += IsRolledBack(challenger, champion) ? 1 : 0;
            withoutKeys += IsRolledBack(keyless, other) ? 1 : 0;
        }

        ((double)rolledBack / Rollouts).ShouldBeLessThanOrEqualTo(0.1);
        ((double)withoutKeys / Rollouts).ShouldBeGreaterThan(0.3);

        bool IsRolledBack(WindowCounter challenger, WindowCounter champion) =>
            RolloutJudge.Judge(Evidence(2, Taken(challenger)), Evidence(1, Taken(champion)), spec, new SloSpec(), AtHold).Signals.Any(s => s.Verdict == SignalVerdict.Worse);
    }

    [Fact]
    public void Judge_OneKeyCarriesTheTraffic_SaysThatItCannotTell()
    {
        (WindowCounter challenger, WindowCounter champion) = (new WindowCounter(Card, 2, "i"), new WindowCounter(Card, 1, "i"));
        for (int i = 0; i < 500; i++)
        {
            Count(challenger, 0.9, 3);
            Count(champion, 0.1, i % KeyGroups.Count);
        }

        IReadOnlyList<RolloutSignal> signals = Judge(Taken(challenger), Taken(champion), AtHold).Signals;
        signals.Where(s => s.Name is "output" or "mean").ShouldAllBe(s => s.Verdict == SignalVerdict.Unknown && s.Sentence.Contains("keys", StringComparison.Ordinal));
    }

    [Fact]
    public void Judge_ManyKeysAndAMeanThatMoved_IsFoundAllTheSame()
    {
        int found = 0;
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            (WindowCounter challenger, WindowCounter champion) = (new WindowCounter(Card, 2, "i"), new WindowCounter(Card, 1, "i"));
            for (int key = 0; key < 2000; key++)
            {
                bool tried = key % 4 == 0;
                double own = random.NextDouble();
                for (int request = 0; request < 2; request++)
                {
                    double value = (0.5 * own) + (0.5 * random.NextDouble());
                    Count(tried ? challenger : champion, tried ? 0.25 + (0.75 * value) : value, KeyGroups.Of(System.Text.Encoding.UTF8.GetBytes($"{seed}-{key}")));
                }
            }

            found += Judge(Taken(challenger), Taken(champion), AtHold).Signals.Single(s => s.Name == "mean").Verdict == SignalVerdict.Worse ? 1 : 0;
        }

        found.ShouldBeGreaterThan(45);
    }

    [Fact]
    public void Judge_ChallengerThatFailsTwiceInTen_IsFoundAtOnce()
    {
        int found = Enumerable.Range(0, 200).Count(i =>
            Judge(Traffic(100, i * 2, failures: 0.2), Traffic(1900, (i * 2) + 1, failures: 0.01), new StepProgress(0, 2, 1, TimeSpan.FromMinutes(5))).Verdict == StepVerdict.RollBack);

        found.ShouldBeGreaterThan(190);
    }

    private static void Count(WindowCounter counter, double value, int keyGroup)
    {
        counter.CountOutput(value, keyGroup);
        counter.CountRequest(TimeSpan.FromMilliseconds(2), 200);
    }

    private static WindowSums Taken(WindowCounter counter) => counter.TakeSnapshot(DateTimeOffset.UnixEpoch)!.Sums;

    private static StepJudgement Judge(WindowSums challenger, WindowSums champion, StepProgress progress) =>
        RolloutJudge.Judge(Evidence(2, challenger), Evidence(1, champion), Canary, new SloSpec(), progress);

    private static VersionEvidence Evidence(int version, WindowSums window) => new(version, Card, window);

    private static WindowSums Traffic(
        int requests, int seed, double failures = 0, int status = 500, double milliseconds = 2, bool spread = false, Func<Random, double>? output = null)
    {
        var random = new Random(seed);
        var counter = new WindowCounter(Card, 1, "i");
        for (int i = 0; i < requests; i++)
        {
            bool fails = random.NextDouble() < failures;
            if (!fails)
            {
                counter.CountOutput(output?.Invoke(random) ?? random.NextSingle());
            }

            counter.CountRequest(TimeSpan.FromMilliseconds(milliseconds * (spread ? Math.Exp(random.NextDouble()) : 1)), fails ? status : 200);
        }

        return counter.TakeSnapshot(DateTimeOffset.UnixEpoch)?.Sums ?? WindowSums.Empty(Card);
    }
}
