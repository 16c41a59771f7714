using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Evaluation.Gates;
using ServerlessMlops.Core.Evaluation.Measuring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Tests.Evaluation;

public sealed class EvaluatorTests
{
    [Fact]
    public void Evaluate_SeveralModels_MeasuresAllOnTheSameRowsAndPicksTheBest()
    {
        TrainingData data = Judging.Data(1000);

        EvaluationReport report = Judging.Evaluate(data, "", Judging.Model("champion", Judging.Predict(data, 2), 3), Judging.Model("linear", Judging.Predict(data, 1)), Judging.Model("boosting", Judging.Predict(data, 0.3)));

        report.Winner.ShouldBe("boosting");
        (report.Metric, report.Rows, report.ChampionVersion).ShouldBe(("auc", 1000, 3));
        report.Models.Select(m => (m.Name, m.Version)).ShouldBe([("linear", null), ("boosting", null), ("champion", (int?)3)]);
        foreach (ModelEvaluation model in report.Models)
        {
            model.Metrics.Keys.ShouldBe(Metric.All.Where(m => m.Judges(LearningTask.Binary)).Select(m => m.Name));
            model.Metrics.Values.ShouldAllBe(m => m.Rows == 1000 && m.Low <= m.Value && m.Value <= m.High || m.Value < 0.1);
        }

        report.Comparisons.Count.ShouldBe(report.Models[0].Metrics.Count);
        report.Comparisons.Single(c => c.Metric == "log_loss").Gain.Value.ShouldBeGreaterThan(0, "gains are positive where the challenger is better, also for metrics that should be low");
    }

    [Theory]
    [InlineData(0.2, 1.5, ComparisonOutcome.Wins, true, "It beats version 3, which serves (auc ")]
    [InlineData(1.5, 0.2, ComparisonOutcome.Loses, false, "It loses to version 3, which serves (auc ")]
    [InlineData(0.49, 0.5, ComparisonOutcome.InsideNoise, false, "inside the noise (")]
    public void Judgement_ChallengerAgainstChampion_IsRightAndReadable(double challenger, double champion, ComparisonOutcome outcome, bool accepted, string words)
    {
        TrainingData data = Judging.Data(1500);
        EvaluationReport report = Judging.Evaluate(
            data, "gates: [auc > champion]", Judging.Model("champion", Judging.Predict(data, champion, 8), 3), Judging.Model("boosting", Judging.Predict(data, challenger, 9)));

        Judgement judgement = Judgement.Of(report);

        report.Comparisons.Single(c => c.Metric == "auc").Outcome.ShouldBe(outcome);
        judgement.Accepted.ShouldBe(accepted, judgement.Reason);
        judgement.Reason.ShouldStartWith("'boosting' is the best of 1 candidate: auc 0.");
        judgement.Reason.ShouldContain(words);
        judgement.Reason.ShouldEndWith(accepted ? "It passed 1 of 1 gate." : ".");
    }

    [Fact]
    public void Judgement_WarningsAndTestsAndSandbox_AreTold()
    {
        TrainingData data = Judging.Data(400);
        EvaluationReport report = Judging.Evaluate(data, "gates: [auc >= 0.6, {gate: auc >= 0.99, severity: warning}]", null, Judging.Model("boosting", Judging.Predict(data, 0.5)));

        Judgement.Of(report).Accepted.ShouldBeTrue();
        Judgement.Of(report).Reason.ShouldEndWith("It passed 1 of 2 gates, with a warning: gate 'auc >= 0.99' failed.");
        Judgement failing = Judgement.Of(report with { Tests = [new TestVerdict("invariant sex", Verdict.Failed, "it moves")] });
        failing.Accepted.ShouldBeFalse();
        failing.Reason.ShouldEndWith("It is not registered: test 'invariant sex' failed: it moves.");
        Judgement.Of(report with { Sandbox = new SandboxResult(Verdict.Failed, "it is slow", 0, 0, 0, 0) }).Reason.ShouldContain("the sandbox refused it: it is slow");
        Judgement.Of(report with { Winner = null }).Accepted.ShouldBeFalse();
    }

    [Fact]
    public void Evaluate_SlicesAndSensitiveColumns_AreMeasuredByGroup()
    {
        TrainingData data = Judging.Data(1000);

        EvaluationReport report = Judging.Evaluate(
            data, "slices: [carrier, speed]\ncolumns: {sex: {sensitive: true}}\ngates: ['slice carrier: auc >= 0.6', parity(sex) <= 0.2, odds(sex) <= 0.2, parity(colour) <= 1, 'slice tail: auc >= 0.1']",
            null, Judging.Model("boosting", Judging.Predict(data, 0.3)));

        ModelEvaluation model = report.Models[0];
        model.Slices.Select(s => s.Column).Distinct().ShouldBe(["sex", "carrier", "speed"], ignoreOrder: true);
        model.Slices.Where(s => s.Column == "carrier").Select(s => s.Group).ShouldBe(["AA", "DL", "UA"], ignoreOrder: true);
        model.Slices.Where(s => s.Column == "speed").Sum(s => s.Rows).ShouldBe(1000);
        model.Slices.ShouldAllBe(s => s.Metrics["auc"].Low != null && s.Metrics.ContainsKey("log_loss"));
        model.Fairness.Single().Column.ShouldBe("sex");
        report.Gates.Select(g => g.Verdict).ShouldBe([Verdict.Passed, Verdict.Passed, Verdict.Passed, Verdict.InsufficientEvidence, Verdict.InsufficientEvidence]);
        report.Gates[0].Reason.ShouldContain("the weakest of 3 groups; 1 group with too few rows left out");
        report.Gates[3].Reason.ShouldBe("parity(colour) cannot be judged: the data has no column 'colour' to group by; it has speed, carrier, sex");
    }

    [Theory]
    [InlineData("size_mb <= 5", Verdict.Passed)]
    [InlineData("latency_p99_ms <= 1", Verdict.Failed)]
    [InlineData("train_seconds <= champion * 0.5", Verdict.Failed)]
    [InlineData("size_mb <= champion", Verdict.Passed)]
    [InlineData("rmse <= 5", Verdict.InsufficientEvidence)]
    public void Evaluate_CostGates_SeeTheModelsCosts(string gate, Verdict verdict)
    {
        TrainingData data = Judging.Data(200);

        Judging.Evaluate(data, $"gates: ['{gate}']", Judging.Model("champion", Judging.Predict(data, 1), 1), Judging.Model("linear", Judging.Predict(data, 1))).Gates[0].Verdict.ShouldBe(verdict);
    }

    [Fact]
    public void Evaluate_OneClassOnly_HasNoAucAndSaysSo()
    {
        TrainingData data = Judging.WithLabels(Judging.Data(100), _ => 0);

        EvaluationReport report = Judging.Evaluate(data, "train: {metric: log_loss}\ngates: [auc >= 0.5]", null, Judging.Model("linear", Judging.Predict(data, 1)));

        report.Gates[0].Verdict.ShouldBe(Verdict.InsufficientEvidence);
        Judging.Evaluate(data, "", null, Judging.Model("linear", Judging.Predict(data, 1))).Winner.ShouldBeNull();
    }

    [Fact]
    public void Evaluate_AnyNumberOfThreads_GivesTheSameReport()
    {
        TrainingData data = Judging.Data(300);
        string Report(int threads) => JsonSerializer.Serialize(
            Evaluator.Evaluate(
                new EvaluationSubject("p", "r", "d", "s"), data, Judging.Spec("slices: [carrier]\ncolumns: {sex: {sensitive: true}}\ngates: [auc > champion]"),
                [Judging.Model("linear", Judging.Predict(data, 1))], Judging.Model("champion", Judging.Predict(data, 1.2), 1), threads),
            MlopsJson.Indented);

        Report(2).ShouldBe(Report(1));
        JsonSerializer.Serialize(JsonSerializer.Deserialize<EvaluationReport>(Report(1), MlopsJson.Options), MlopsJson.Indented).ShouldBe(Report(1));
    }

    [Fact]
    public void Evaluate_ColumnsThatAreNoFeatures_AreNoted() =>
        Judging.Evaluate(Judging.Data(50), "slices: [tail, carrier]\ncolumns: {age: {sensitive: true}, sex: {sensitive: true}}", null).Notes.ShouldBe(
        [
            "'slices' names 'tail', which is no category or number of the data; models are not measured by it.",
            "'age' is sensitive and no category or number of the data; fairness is not judged by it.",
        ]);

    [Fact]
    public void Evaluate_SensitiveColumnThatIsNotLearnedFrom_IsJudgedBy()
    {
        const int Rows = 1000;
        var random = new Random(3);
        CategoryColumn Names(string name, params string[] values)
        {
            var dictionary = new CategoryDictionary();
            int[] codes = [.. Enumerable.Range(0, Rows).Select(_ => dictionary.GetOrAdd(Encoding.UTF8.GetBytes(values[random.Next(values.Length)])))];
            return new CategoryColumn(new ColumnSchema(name, ColumnType.Category), codes, dictionary, Rows);
        }

        var table = new ColumnTable(
            [
                new TextColumn(new ColumnSchema("id", ColumnType.Identifier), [.. Enumerable.Range(0, Rows + 1).Select(i => i * 4)], [.. Enumerable.Range(0, Rows).SelectMany(i => Encoding.UTF8.GetBytes($"k{i:000}"))], Rows),
                new NumberColumn(new ColumnSchema("speed", ColumnType.Number), [.. Enumerable.Range(0, Rows).Select(_ => random.NextDouble())], Rows),
                Names("sex", "f", "m"),
                Names("y", "no", "yes"),
            ],
            Rows);
        PipelineSpec spec = Judging.Spec("key: id\ncolumns: {sex: {sensitive: true, feature: false}}\ngates: [parity(sex) <= 0.5]");

        TrainingData data = TrainingData.Prepare(table, spec, SplitRule.For(spec));

        data.Holdout.Features.Features.Select(f => f.Name).ShouldBe(["speed"]);
        data.Holdout.Numbers.Select(n => $"k{n:000}").ShouldBe(Enumerable.Range(0, data.Holdout.Labels.Length).Select(data.Holdout.Keys!.TextAt));
        float[] predictions = [.. data.Holdout.Labels.Select(_ => random.NextSingle())];
        EvaluationReport report = Evaluator.Evaluate(new EvaluationSubject("p", "r", "d", "s"), data, spec, [Judging.Model("linear", predictions)], null);
        report.Models[0].Fairness.Single().Groups.Select(g => g.Group).ShouldBe(["f", "m"], ignoreOrder: true);
        report.Gates[0].Verdict.ShouldBe(Verdict.Passed);
        report.Notes.ShouldBeEmpty();
        report.Models[0].WorstRows.ShouldAllBe(r => r.Key!.StartsWith('k') && !r.Values.ContainsKey("sex"));
    }

    [Fact]
    public void Decide_EqualModels_RarelySeemToWinOrLose_AndABetterOneMostlyWins()
    {
        Gate.TryParse("auc > champion", out Gate? gate, out _).ShouldBeTrue();
        Verdict[] Verdicts(double challenger, double champion) =>
        [
            .. Enumerable.Range(0, 400).Select(seed =>
            {
                TrainingData data = Judging.Data(300, seed);
                IReadOnlyDictionary<string, SampledValue>[] measured = MetricSampler.Measure(
                    data.Holdout.Labels, [Judging.Predict(data, challenger, seed * 2), Judging.Predict(data, champion, (seed * 2) + 1)], 2, [Metric.Find("auc")], new HashSet<string> { "auc" }, 400, -1);
                return GateDecision.Decide(gate, new GateEvidence([new Measurement(measured[0]["auc"], measured[1]["auc"])]) { HasChampion = true }).Verdict;
            }),
        ];

        Verdict[] equal = Verdicts(1, 1);
        equal.Count(v => v == Verdict.Passed).ShouldBeLessThanOrEqualTo(20, "2.5% are expected to win by chance");
        equal.Count(v => v == Verdict.Failed).ShouldBeLessThanOrEqualTo(20);
        Verdict[] better = Verdicts(0.5, 1.5);
        better.Count(v => v == Verdict.Passed).ShouldBeGreaterThanOrEqualTo(320);
        better.ShouldNotContain(Verdict.Failed);
    }

    [Fact]
    public void Evaluate_WorstRows_AreReferencesWithoutSensitiveValues()
    {
        TrainingData data = Judging.Data(500);

        ModelEvaluation model = Judging.Evaluate(data, "columns: {sex: {sensitive: true}}", null, Judging.Model("linear", Judging.Predict(data, 1))).Models[0];

        model.WorstRows.Count.ShouldBe(20);
        model.WorstRows.ShouldBe(model.WorstRows.OrderByDescending(r => r.Loss));
        model.WorstRows.ShouldAllBe(r => r.Row >= 100 && r.Values.ContainsKey("speed") && !r.Values.ContainsKey("sex") && r.Predicted < 0.5);
        Judging.Evaluate(data, "columns: {y: {sensitive: true}}", null, Judging.Model("linear", Judging.Predict(data, 1))).Models[0].WorstRows.ShouldAllBe(r => r.Truth == null && r.Predicted == null);
    }

    [Fact]
    public void Fairness_KnownCounts_AreTheDifferencesOfRates()
    {
        // Group f: 100 rows, 50 positive; 40 of them decided positive, and 10 of the others. Group m: 100 rows, 60 positive; 30 and 20.
        (string Group, int Label, int Decided, int Rows)[] cells = [("f", 1, 1, 40), ("f", 1, 0, 10), ("f", 0, 1, 10), ("f", 0, 0, 40), ("m", 1, 1, 30), ("m", 1, 0, 30), ("m", 0, 1, 20), ("m", 0, 0, 20)];
        (string Group, int Label, int Decided)[] rows = [.. cells.SelectMany(c => Enumerable.Repeat((c.Group, c.Label, c.Decided), c.Rows))];
        RowGroups groups = RowGroups.Of(new CategoricalFeature("sex", [.. rows.Select(r => r.Group == "f" ? 0 : 1)], ["f", "m"]));

        (FairnessEvaluation evaluation, SampledValue? parity, SampledValue? odds) = Fairness.Measure(groups, [.. rows.Select(r => (float)r.Label)], [.. rows.Select(r => (float)r.Decided)], 2, 500, 1);

        evaluation.Groups.Single(g => g.Group == "f").ShouldBe(new FairnessGroup("f", 100, 0.5, 0.8, 0.2, 0.8));
        evaluation.Groups.Single(g => g.Group == "m").ShouldBe(new FairnessGroup("m", 100, 0.5, 0.5, 0.5, 0.5));
        parity!.Value.ShouldBe(0, 1e-12);
        odds!.Value.ShouldBe(0.3, 1e-12);
        odds.Estimate().Low!.Value.ShouldBeInRange(0.05, 0.29);
        odds.Estimate().High!.Value.ShouldBeInRange(0.31, 0.6);
    }

    [Fact]
    public void Calibration_OverconfidentModel_ShowsInTheCurve()
    {
        TrainingData data = Judging.Data(4000);
        float[] truth = Judging.Predict(data, 0);

        CalibrationCurve right = Calibration.Measure(LearningTask.Binary, 2, data.Holdout.Labels, truth);
        CalibrationCurve sure = Calibration.Measure(LearningTask.Binary, 2, data.Holdout.Labels, [.. truth.Select(p => p > 0.5f ? 0.99f : 0.01f)]);

        right.Bins.Sum(b => b.Rows).ShouldBe(4000);
        right.Bins.Count(b => b.Predicted >= b.Low && b.Predicted <= b.High).ShouldBeGreaterThanOrEqualTo(8);
        right.Error.ShouldBe(ProbabilityMetrics.CalibrationError(data.Holdout.Labels, truth), 1e-9);
        right.Error.ShouldBeLessThan(0.03);
        sure.Error.ShouldBeGreaterThan(0.1);
        sure.Bins.Count.ShouldBe(2);
    }

    [Fact]
    public void WeakSegments_PlantedWeakness_IsFoundByItsTwoConditions()
    {
        TrainingData data = Judging.Data(4000);
        float[] predictions = Judging.Predict(data, 0);
        FeatureTable rows = data.Holdout.Features;
        for (int row = 0; row < predictions.Length; row++)
        {
            if (Judging.Name(rows, "carrier", row) == "DL" && Judging.Name(rows, "sex", row) == "m")
            {
                predictions[row] = 1 - predictions[row];
            }
        }

        WeakSegment worst = Judging.Evaluate(data, "", null, Judging.Model("linear", predictions)).Models[0].WeakSegments[0];

        worst.Conditions.ShouldBe([new SegmentCondition("carrier", "DL"), new SegmentCondition("sex", "m")], ignoreOrder: true);
        worst.Loss.ShouldBeGreaterThan(worst.LossElsewhere * 2);
        worst.PValue.ShouldBeLessThan(0.001);
    }

    [Fact]
    public void WeakSegments_LossesByChance_AreHardlyEverFound()
    {
        RowGroups[] columns = [.. Judging.Data(1000).Holdout.Features.Features.Select(RowGroups.Of)];
        int found = Enumerable.Range(0, 200).Count(seed =>
        {
            var random = new Random(seed);
            return WeakSegments.Find(columns, [.. Enumerable.Range(0, 1000).Select(_ => -Math.Log(1 - random.NextDouble()))]).Count > 0;
        });

        found.ShouldBeLessThanOrEqualTo(10);
    }

    [Fact]
    public void RowGroups_NumbersAndMissing_AreNamedByTheirRange()
    {
        RowGroups quartiles = RowGroups.Of(new NumericFeature("x", [.. Enumerable.Range(0, 100).Select(i => i < 4 ? float.NaN : (float)i)]));
        RowGroups values = RowGroups.Of(new NumericFeature("flag", [0, 1, 1, float.NaN]));

        quartiles.Names.ShouldBe(["up to 27", "27 to 51", "51 to 75", "above 75", "missing"]);
        quartiles.Rows.Select(r => r.Length).ShouldBe([24, 24, 24, 24, 4]);
        values.Names.ShouldBe(["0", "1", "missing"]);
        values.Codes.ShouldBe([0, 1, 1, 2]);
        RowGroups.Of(new NumericFeature("none", [float.NaN])).Names.ShouldBe(["missing"]);
    }

    [Fact]
    public void Evaluate_RegressionAndMulticlass_Work()
    {
        TrainingData values = Judging.Data(500, task: LearningTask.Regression), classes = Judging.Data(500, task: LearningTask.Multiclass);
        float[] speed = ((NumericFeature)values.Holdout.Features.Features[0]).Values;
        float[] shares = [.. ((NumericFeature)classes.Holdout.Features.Features[0]).Values.SelectMany(s => Enumerable.Range(0, 3).Select(k => Math.Min(2, (int)(s / 3.4)) == k ? 0.8f : 0.1f))];

        EvaluationReport regression = Judging.Evaluate(values, "gates: [r2 >= 0.9, 'slice carrier: rmse <= 1.5']", null, Judging.Model("linear", [.. speed.Select(s => 2 * s)]));
        EvaluationReport multiclass = Judging.Evaluate(classes, "gates: [accuracy >= 0.9, parity(sex) <= 0.3, odds(sex) <= 0.3]", null, Judging.Model("linear", shares));

        regression.Gates.ShouldAllBe(g => g.Passed);
        regression.Models[0].Calibration!.Of.ShouldBe("value");
        multiclass.Gates.ShouldAllBe(g => g.Passed);
        multiclass.Models[0].Calibration!.Error.ShouldBe(0.2, 0.01);
    }
}
