using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;

namespace ServerlessMlops.Core.Tests.Monitoring.Performance;

public class MeasuredPerformanceTests
{
    private const double Alpha = 0.01;
    private static readonly DateTimeOffset Until = new(2026, 3, 8, 0, 0, 0, TimeSpan.Zero);

    // Of uniform calibrated probabilities: accuracy 3/4 at one half; area under the curve 5/6.
    private static readonly ModelCard Card = Cards.Binary(rows: 50_000) with
    {
        Threshold = 0.5, Metrics = new Dictionary<string, double> { ["accuracy"] = 0.75, ["auc"] = 5.0 / 6 },
    };

    [Fact]
    public void Evaluate_NothingChanged_AllIsWell()
    {
        IReadOnlyList<MonitorFinding> findings = MeasuredPerformance.Evaluate(Card, Hours(1, 150, 40), Until, new MonitorSpec { Value = new ValueSpec { Tp = 5, Fp = -1 } }, Alpha);
        findings.Select(f => (f.Kind, f.Subject)).ShouldBe([
            (MonitorKind.Performance, "auc"), (MonitorKind.Performance, "accuracy"), (MonitorKind.Fairness, "accuracy by c"), (MonitorKind.Fairness, "positive decisions by c"),
            (MonitorKind.Calibration, "probabilities"), (MonitorKind.Value, "value by decision"), (MonitorKind.ConceptDrift, "loss"), (MonitorKind.Labels, "coverage")]);
        findings.ShouldAllBe(f => f.Verdict == MonitorVerdict.Ok, string.Join("\n", findings.Select(f => $"{f.Subject}: {f.Verdict} {f.Sentence}")));
        findings[0].Effect!.Value.ShouldBe(0, 0.02);
    }

    [Fact]
    public void Auc_FromGroups_IsThatOfTheRowsWithinAThousandth()
    {
        OutcomeCounts counts = Hours(3, 1, 20_000)[0].Counts;
        MeasuredPerformance.Auc(counts)!.Value.Value.ShouldBe(5.0 / 6, 0.01);
    }

    [Fact]
    public void Evaluate_LabelsSwappedForHalfTheRows_IsAConfirmedFall()
    {
        IReadOnlyList<MonitorFinding> findings = MeasuredPerformance.Evaluate(Card, Hours(2, 150, 40, noise: 0.5), Until, new MonitorSpec(), Alpha);
        findings.Where(f => f.Kind == MonitorKind.Performance).ShouldAllBe(f => f.Verdict == MonitorVerdict.Alarm);
        var report = new MonitorReport("birds", 1, Until.AddHours(-1), Until, 0, 0, Alpha, findings);
        ModelMonitor.AsksForTraining(report)!.Value.Cause.ShouldBe(RetrainCause.Drift);
    }

    [Fact]
    public void Evaluate_AFewLabels_SaysThatItCannotTell() =>
        MeasuredPerformance.Evaluate(Card, Hours(2, 1, 60, noise: 0.5), Until, new MonitorSpec(), Alpha)
            .Where(f => f.Kind is MonitorKind.Performance or MonitorKind.Calibration).ShouldAllBe(f => f.Verdict == MonitorVerdict.InsufficientEvidence);

    [Fact]
    public void Evaluate_NoLabelsAtAll_SaysNothing() => MeasuredPerformance.Evaluate(Card, [], Until, new MonitorSpec(), Alpha).ShouldBeEmpty();

    [Fact]
    public void Evaluate_OneGroupIsServedWorse_IsUnfair()
    {
        MonitorFinding gap = MeasuredPerformance.Evaluate(Card, Hours(4, 150, 40, noise: 0.6, noisyGroup: "b"), Until, new MonitorSpec(), Alpha).Single(f => f.Subject == "accuracy by c");
        gap.Verdict.ShouldBe(MonitorVerdict.Alarm);
        gap.Sentence.ShouldContain("of 'b'");
    }

    [Fact]
    public void Evaluate_DecisionsThatCostMoreThanTheyBring_IsAnAlarmOfValue()
    {
        MonitorFinding value = MeasuredPerformance.Evaluate(Card, Hours(5, 150, 40), Until, new MonitorSpec { Value = new ValueSpec { Tp = 1, Fp = -10 } }, Alpha).Single(f => f.Kind == MonitorKind.Value);
        value.Verdict.ShouldBe(MonitorVerdict.Alarm, value.Sentence);
    }

    /// <summary>Over 2,000 draws in which nothing changed, checks raise an alarm no oftener than they say.</summary>
    [Fact]
    public void Evaluate_TwoThousandNullDraws_FalseAlarmsAtOrUnderTheRate()
    {
        int alarms = 0;
        for (int draw = 0; draw < 2000; draw++)
        {
            IReadOnlyList<MonitorFinding> findings = MeasuredPerformance.Evaluate(Card, Hours(draw, 1, 200 + (draw % 5 * 200)), Until, new MonitorSpec(), 0.05);
            alarms += findings.Any(f => f.Verdict == MonitorVerdict.Alarm && f.Kind != MonitorKind.ConceptDrift) ? 1 : 0;
        }

        alarms.ShouldBeLessThanOrEqualTo(100, "5% of 2,000 reports");
    }

    /// <summary>Close calls are labelled all, others one in twenty, as requests for labels ask: without weights accuracy would seem to have collapsed.</summary>
    [Fact]
    public void Evaluate_LabelsOfCloseCallsMostly_AreWeighedBackToTheTraffic()
    {
        IReadOnlyList<MonitorFinding> weighed = MeasuredPerformance.Evaluate(Card, Picked(7, 24, 2000, weighed: true), Until, new MonitorSpec(), Alpha);
        IReadOnlyList<MonitorFinding> naive = MeasuredPerformance.Evaluate(Card, Picked(7, 24, 2000, weighed: false), Until, new MonitorSpec(), Alpha);
        naive.Single(f => f.Subject == "accuracy").Verdict.ShouldBe(MonitorVerdict.Alarm);
        foreach (MonitorFinding finding in weighed.Where(f => f.Kind is MonitorKind.Performance or MonitorKind.Calibration))
        {
            finding.Verdict.ShouldBe(MonitorVerdict.Ok, finding.Sentence);
            Math.Abs(finding.Effect!.Value).ShouldBeLessThan(0.02, finding.Sentence);
        }

        weighed.Single(f => f.Subject == "accuracy").Sentence.ShouldContain("by the chance that each was picked for labelling");
    }

    [Fact]
    public void Evaluate_AThousandWeighedNullDraws_FalseAlarmsAtOrUnderTheRate()
    {
        int alarms = Enumerable.Range(0, 1000).Count(draw =>
            MeasuredPerformance.Evaluate(Card, Picked(draw, 1, 3000, weighed: true), Until, new MonitorSpec(), 0.05).Any(f => f.Verdict == MonitorVerdict.Alarm && f.Kind != MonitorKind.ConceptDrift));
        alarms.ShouldBeLessThanOrEqualTo(50, "5% of 1,000 reports");
    }

    [Fact]
    public void Evaluate_ReviewedRowsOnly_SayNothingOfTheModel()
    {
        var tally = new OutcomeTally(Card, []);
        for (int i = 0; i < 500; i++)
        {
            tally.Count([0.5f], i % 2, TimeSpan.FromHours(1), [], weight: 0);
        }

        IReadOnlyList<MonitorFinding> findings = MeasuredPerformance.Evaluate(Card, [new OutcomeRow("birds", 1, Until.AddHours(-1), 1, tally.Counts)], Until, new MonitorSpec { Value = new ValueSpec { Tp = 1, Fp = -10 } }, Alpha);
        findings.ShouldAllBe(f => f.Kind == MonitorKind.Labels || f.Verdict == MonitorVerdict.InsufficientEvidence);
        findings.Single(f => f.Kind == MonitorKind.Labels).Sentence.ShouldStartWith("500 of 500 predictions");
    }

    [Fact]
    public void Evaluate_AFallOfTwiceTheSize_IsFoundNineTimesInTen()
    {
        int found = Enumerable.Range(0, 200).Count(draw =>
            MeasuredPerformance.Evaluate(Card, Hours(10_000 + draw, 1, 2000, noise: 0.4), Until, new MonitorSpec(), 0.05).Any(f => f is { Subject: "accuracy", Verdict: MonitorVerdict.Alarm }));
        found.ShouldBeGreaterThanOrEqualTo(180);
    }

    [Fact]
    public void ConceptDrift_TwoThousandNullStreams_CutsNoOftenerThanItSays()
    {
        int cuts = Enumerable.Range(0, 2000).Count(draw => ConceptDrift.LastChange(Stream(new Random(draw), 48, 20, _ => 0.25)) is not null);
        cuts.ShouldBeLessThanOrEqualTo(20, "ADWIN's bound, 0.002 a test, is conservative: no more than 1% of streams of 48 hours");
    }

    [Fact]
    public void ConceptDrift_AShiftOfTheErrorRate_IsFoundWhereItHappened()
    {
        int found = 0;
        for (int draw = 0; draw < 200; draw++)
        {
            ConceptChange? change = ConceptDrift.LastChange(Stream(new Random(draw), 72, 20, hour => hour < 36 ? 0.2 : 0.45));
            found += change is not null && Math.Abs(change.Cut - 36) <= 4 ? 1 : 0;
        }

        found.ShouldBeGreaterThanOrEqualTo(190);
    }

    [Fact]
    public void ConceptDrift_BucketsOfNoRows_DoNotMatter()
    {
        LossBucket[] stream = Stream(new Random(1), 72, 20, hour => hour < 36 ? 0.1 : 0.5);
        ConceptChange dense = ConceptDrift.LastChange(stream)!;
        ConceptChange sparse = ConceptDrift.LastChange([.. stream.SelectMany(bucket => new[] { bucket, default })])!;
        (sparse.Before, sparse.After).ShouldBe((dense.Before, dense.After));
        ConceptDrift.LastChange([]).ShouldBeNull();
    }

    private static LossBucket[] Stream(Random random, int hours, int rows, Func<int, double> rate) =>
    [
        .. Enumerable.Range(0, hours).Select(hour =>
        {
            int wrong = Enumerable.Range(0, rows).Count(_ => random.NextDouble() < rate(hour));
            return new LossBucket(rows, wrong, wrong);
        }),
    ];

    /// <summary>Hours of which close calls are labelled all, and one in twenty of the rest.</summary>
    private static OutcomeRow[] Picked(int seed, int hours, int rows, bool weighed)
    {
        var random = new Random(seed);
        return
        [
            .. Enumerable.Range(0, hours).Select(hour =>
            {
                var tally = new OutcomeTally(Card, []);
                for (int i = 0; i < rows; i++)
                {
                    float p = random.NextSingle();
                    bool close = Math.Abs(p - 0.5) < 0.1, came = random.NextDouble() < p;
                    if (close || random.Next(20) == 0)
                    {
                        tally.Count([p], came ? 1 : 0, TimeSpan.FromHours(3), [], weighed && !close ? 20 : 1);
                    }
                }

                return new OutcomeRow("birds", 1, Until.AddHours(hour - hours), 1, tally.Counts);
            }),
        ];
    }

    /// <summary>Hours of labelled predictions: uniform probabilities that come true as often as they say, but for the share that <paramref name="noise"/> tosses a coin for.</summary>
    private static OutcomeRow[] Hours(int seed, int hours, int rows, double noise = 0, string? noisyGroup = null)
    {
        var random = new Random(seed);
        return
        [
            .. Enumerable.Range(0, hours).Select(hour =>
            {
                var tally = new OutcomeTally(Card, ["c"]);
                for (int i = 0; i < rows; i++)
                {
                    float p = random.NextSingle();
                    string group = Cards.Categories[random.Next(3)];
                    bool noisy = random.NextDouble() < noise && (noisyGroup ?? group) == group;
                    tally.Count([p], (noisy ? random.NextDouble() < 0.5 : random.NextDouble() < p) ? 1 : 0, TimeSpan.FromHours(3), [("c", group)]);
                }

                return new OutcomeRow("birds", 1, Until.AddHours(hour - hours), 1, tally.Counts);
            }),
        ];
    }
}
