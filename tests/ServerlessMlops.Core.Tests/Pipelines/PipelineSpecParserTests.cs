using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.MlNet;

namespace ServerlessMlops.Core.Tests.Pipelines;

public class PipelineSpecParserTests
{
    private const string Noise = "{}[]:,&*!|>'\"%@`\n\t -?#\0x";

    [Fact]
    public void Parse_DeploySectionInFull_ReadsEveryKey()
    {
        DeploySpec deploy = PipelineSpecParser.Parse("""
            target: delayed
            deploy:
              strategy: blueGreen
              steps: [1%, 100%]
              hold: 2h
              maxHold: 2d
              minimumRequests: 50
              withoutEvidence: promote
              judge: {falseRollbacks: 0.01, errors: 0.02, slowdown: 3, output: 0.5, meanShift: 0.2, loss: 0.1}
            """).Spec!.Deploy;

        deploy.ShouldBe(new DeploySpec
        {
            Strategy = DeployStrategy.BlueGreen, Steps = deploy.Steps, Hold = TimeSpan.FromHours(2), MaxHold = TimeSpan.FromDays(2), MinimumRequests = 50,
            WithoutEvidence = WithoutEvidence.Promote,
            Judge = new JudgeSpec { FalseRollbacks = 0.01, Errors = 0.02, Slowdown = 3, Output = 0.5, MeanShift = 0.2, Loss = 0.1 },
        });
        deploy.Steps.ShouldBe([0.01, 1]);
    }

    [Fact]
    public void Parse_DeploySectionWithFaults_NamesEachWhereItStands()
    {
        PipelineSpecResult result = PipelineSpecParser.Parse("""
            target: delayed
            deploy:
              strategy: canary
              hold: 2h
              maxHold: 1h
              minimumRequests: -1
              judge: {falseRollbacks: 0, slowdwn: 2}
            """);

        string[] findings = [.. result.Findings.Select(f => f.ToString())];
        findings.ShouldContain(f => f.StartsWith("line 6, column 20: deploy.minimumRequests", StringComparison.Ordinal));
        findings.ShouldContain(f => f.StartsWith("line 7, column 30: deploy.judge.slowdwn", StringComparison.Ordinal) && f.Contains("slowdown", StringComparison.Ordinal));

        PipelineSpecParser.Parse("""
            target: delayed
            deploy:
              hold: 2h
              maxHold: 1h
              judge: {falseRollbacks: 0}
            """).Findings.Select(f => f.ToString()).ShouldBe([
            "line 4, column 12: deploy.maxHold: 1h is shorter than 'hold' (2h); a step is watched at least for 'hold' and at most for 'maxHold'.",
            "line 5, column 27: deploy.judge.falseRollbacks: at 0 nothing is ever rolled back by itself; give a chance such as 0.05.",
        ]);
        PipelineSpecParser.Parse("target: delayed\ndeploy: {hold: 3d}\n").Findings.ShouldBeEmpty("the default of maxHold gives way to a longer hold");
    }

    private const string Whole = """
        target: delayed
        task: binary
        key: flight_id
        time: scheduled
        window: 90d
        columns: { carrier: {type: category, sensitive: true}, tail: ignore, gate: text }
        expect: [ {column: distance, between: [1, 6000], mostly: 0.99}, {column: carrier, in: [AA, DL, UA]}, {rows: {atLeast: 500}} ]
        train:  { candidates: [baseline, linear, boosting], search: {trials: 16}, metric: auc }
        tests:  [ {invariant: {column: carrier}, tolerance: 0.05}, {monotonic: {column: dep_delay, direction: up}} ]
        gates:  [ auc >= 0.70, auc >= champion - 0.005, "slice carrier: auc >= 0.60", latency_p99_ms <= 5 ]
        deploy: { strategy: canary, steps: [5%, 25%, 100%], hold: 30m, approval: manual }
        retrain: { nightly: true, onDrift: true, cooldown: 12h }
        monitor: { window: 1h, drift: {psi: 0.2}, slo: {availability: 99.9, p99: 50ms}, value: {tp: 5, fp: -1} }
        alerts: [ {to: teams, on: [rejected, drift, slo, rollback], severity: warning} ]
        """;

    [Fact]
    public void Parse_WholeSpec_ReadsEveryPart()
    {
        var result = PipelineSpecParser.Parse(Whole);

        result.Findings.ShouldBeEmpty();
        var spec = result.Spec.ShouldNotBeNull();
        spec.Task.ShouldBe(LearningTask.Binary);
        spec.Window.Period.ShouldBe(TimeSpan.FromDays(90));
        spec.Columns["carrier"].ShouldBe(new ColumnSpec { Type = ColumnType.Category, Sensitive = true });
        spec.Columns["tail"].Ignore.ShouldBeTrue();
        spec.Columns["gate"].Type.ShouldBe(ColumnType.Text);
        spec.Expect[0].Between.ShouldBe(["1", "6000"]);
        spec.Expect[2].Rows!.AtLeast.ShouldBe(500);
        spec.Train.Search.Trials.ShouldBe(16);
        spec.Tests[1].Monotonic!.Direction.ShouldBe(MonotonicDirection.Up);
        spec.Gates[2].Gate.ShouldBe("slice carrier: auc >= 0.60");
        spec.Deploy.Steps.ShouldBe([0.05, 0.25, 1]);
        spec.Deploy.Approval.ShouldBe(DeployApproval.Manual);
        spec.Monitor.Slo.P99.ShouldBe(TimeSpan.FromMilliseconds(50));
        spec.Monitor.Value!.Fp.ShouldBe(-1);
        spec.Alerts[0].On.ShouldBe([AlertTopic.Rejected, AlertTopic.Drift, AlertTopic.Slo, AlertTopic.Rollback]);
    }

    [Fact]
    public void Parse_GatesAndTests_InShortAndAsMaps()
    {
        PipelineSpec spec = PipelineSpecParser.Parse("""
            target: y
            slices: [carrier]
            gates:
              - auc >= 0.70
              - {gate: parity(carrier) <= 0.1, severity: warning, confident: true}
            tests:
              - {range: {atLeast: 0, atMost: 1}, mostly: 0.99, severity: warning}
              - {name: basics, cases: [{row: {speed: 9, carrier: AA}, class: "true", atLeast: 0.7}]}
              - overlap:
              - {leakage: {atMost: 0.97}}
              - {missing: {columns: [carrier], share: 0.2, atMost: 0.02}}
            """).Spec.ShouldNotBeNull();

        spec.Gates.ShouldBe([new GateSpec { Gate = "auc >= 0.70" }, new GateSpec { Gate = "parity(carrier) <= 0.1", Severity = CheckSeverity.Warning, Confident = true }]);
        spec.Slices.ShouldBe(["carrier"]);
        spec.Tests[0].Range!.AtMost.ShouldBe(1);
        spec.Tests[0].Severity.ShouldBe(CheckSeverity.Warning);
        spec.Tests[1].Cases![0].Row["speed"].ShouldBe("9");
        spec.Tests[1].Cases![0].AtLeast.ShouldBe(0.7);
        spec.Tests[2].Overlap.ShouldBe(new OverlapTest());
        spec.Tests[4].Missing!.Share.ShouldBe(0.2);
    }

    [Theory]
    [InlineData("gates: [acu >= 0.7]", "line 2, column 9: gates[0]: 'acu >= 0.7': at position 1: found 'acu', expected one of")]
    [InlineData("gates: [{gate: auc 0.7}]", "line 2, column 9: gates[0]: 'auc 0.7': at position 5: found '0.7', expected '>=', '>', '<=' or '<'")]
    [InlineData("task: regression\ngates: [auc >= 0.7]", "line 3, column 9: gates[0]: 'auc >= 0.7': 'auc' does not judge a regression task; expected one of rmse, mae, mape, r2")]
    [InlineData("train: {candidates: [bosting]}", "line 2, column 22: train.candidates[0]: the candidate 'bosting' is unknown; known are baseline, linear, boosting, elasticNet, fasttree, sdca, lightgbm. Did you mean 'boosting'?")]
    [InlineData("task: multiclass\ntrain: {candidates: [linear, lightgbm]}", "line 3, column 30: train.candidates[1]: 'lightgbm' learns two classes or a number, and this pipeline has several classes; take 'boosting' or 'sdca'.")]
    [InlineData("train: {costs: {fp: 1}}", "line 2, column 16: train.costs: a wrong decision must cost more than a right one: fp more than tn, and fn more than tp.")]
    [InlineData("task: regression\ntrain: {calibration: platt}", "line 3, column 22: train.calibration: the task is regression; only probabilities are calibrated.")]
    [InlineData("task: binary\ntrain: {interval: 0.9}", "line 3, column 19: train.interval: the task is binary; only regressions have intervals.")]
    [InlineData("task: regression\ntrain: {interval: 0.8}\nscoring: {coverage: 0.9}", "line 4, column 21: scoring.coverage: it is 0.9 and train.interval is 0.8; answers have one interval, that of train.interval.")]
    [InlineData("train: {metric: acu}", "line 2, column 17: train.metric: the metric 'acu' is unknown; known are auc, ")]
    [InlineData("task: binary\ntrain: {metric: rmse}", "line 3, column 17: train.metric: 'rmse' does not judge a binary task; expected one of auc, ")]
    [InlineData("tests: [{tolerance: 1}]", "line 2, column 9: tests[0]: no kind of test is given; a test has exactly one (invariant, monotonic, range, cases, overlap, leakage, missing).")]
    [InlineData("tests: [{range: {}}]", "line 2, column 17: tests[0].range: neither 'atLeast' nor 'atMost' is given; give one or both.")]
    [InlineData("tests: [{cases: [{row: {a: 1}}]}]", "line 2, column 18: tests[0].cases[0]: nothing is expected; give 'class', 'atLeast' or 'atMost'.")]
    [InlineData("tests: [{cases: []}]", "line 2, column 17: tests[0].cases: the list is empty, so nothing would be tested; name at least one case.")]
    public void Parse_GateOrTestFault_SaysWhere(string yaml, string finding) =>
        PipelineSpecParser.Parse("target: y\n" + yaml).Findings.ShouldHaveSingleItem().ToString().ShouldStartWith(finding);

    [Fact]
    public void Parse_TrainerOfMlNet_IsTakenWhereTheBuildHasItAndElseNamesTheMode()
    {
        PipelineSpecResult result = PipelineSpecParser.Parse("target: y\ntrain: {candidates: [linear, fasttree]}");
        if (MlNetTrainers.Available.Count > 0)
        {
            result.Findings.ShouldBeEmpty();
            return;
        }

        result.Findings.ShouldHaveSingleItem().ToString().ShouldBe(
            "line 2, column 30: train.candidates[1]: 'fasttree' is a trainer of ML.NET, which this build lacks: it was made with AzurePackages=offline. "
            + "Build and publish with -p:AzurePackages=nuget, or take 'boosting'.");
    }

    [Fact]
    public void Parse_TargetAlone_GivesDefaults() =>
        PipelineSpecParser.Parse("target: y").Spec!.ComputeHash().ShouldBe(new PipelineSpec { Target = "y" }.ComputeHash());

    [Theory]
    [InlineData("", 0.9)]
    [InlineData("scoring: {coverage: 0.8}", 0.8)]
    [InlineData("train: {interval: 0.95}", 0.95)]
    [InlineData("train: {interval: 0.95}\nscoring: {coverage: 0.95}", 0.95)]
    public void IntervalCoverage_OfBothKeys_IsOneShare(string yaml, double coverage)
    {
        PipelineSpecResult result = PipelineSpecParser.Parse("target: y\ntask: regression\n" + yaml);
        result.Findings.ShouldBeEmpty();
        result.Spec!.IntervalCoverage().ShouldBe(coverage);
    }

    [Fact]
    public void Parse_SeveralFaults_ReportsAllWithPositions()
    {
        var result = PipelineSpecParser.Parse("""
            targt: y
            task: binry
            deploy:
              hold: soon
              steps: [5%, 2%, 100%]
            expect:
              - {column: a, betwen: [1, 2]}
            """);

        result.Spec.ShouldBeNull();
        result.Findings.Select(f => f.ToString()).ShouldBe(
        [
            "line 1, column 1: targt: this key is unknown. Did you mean 'target'?",
            "line 1, column 1: target: this key is required and is missing.",
            "line 2, column 7: task: found 'binry'; expected one of binary, multiclass, regression. Did you mean 'binary'?",
            "line 4, column 9: deploy.hold: found 'soon'; expected a number and a unit (ms, s, m, h, d or w), such as 50ms, 30m or 12h.",
            "line 7, column 17: expect[0].betwen: this key is unknown. Did you mean 'between'?",
        ]);
    }

    [Theory]
    [InlineData("target: y\nkey: y", "line 2, column 6: key: 'y' is the target too; a key names a row, a target is predicted. Name another column.")]
    [InlineData("target: y\ndeploy: {strategy: canary, steps: [5%, 50%]}", "line 2, column 35: deploy.steps: a canary ends at 100%; add it as the last step.")]
    [InlineData("target: y\nretrain: {nightly: yes}", "line 2, column 20: retrain.nightly: found 'yes'; expected true or false.")]
    [InlineData("target: y\ntarget: z", "line 2, column 1: target: the key stands here a second time; the first is on line 1. Keep one of them.")]
    [InlineData("target: y\nexpect: [{column: a, between: [9, 1]}]", "line 2, column 31: expect[0].between: the first bound (9) is above the second (1); swap them.")]
    [InlineData("target: y\ncolumns: {a: catgory}", "line 2, column 14: columns.a: found 'catgory'; expected 'ignore' or a type (boolean, integer, number, category, timestamp, text, identifier), or a map. Did you mean 'category'?")]
    [InlineData("target: y\nwindow: often", "line 2, column 9: window: found 'often'; expected 'all', a number of batches such as '12 batches', or a period such as '90d'.")]
    [InlineData("", "line 1, column 1: the file is empty; a spec needs at least 'target: <column to predict>'.")]
    public void Parse_OneFault_SaysWhereWhatAndHow(string yaml, string finding) =>
        PipelineSpecParser.Parse(yaml).Findings.ShouldHaveSingleItem().ToString().ShouldBe(finding);

    [Fact]
    public void Parse_Aliases_AreRefused() =>
        PipelineSpecParser.Parse("a: &a [x, x]\nb: &b [*a, *a]\ntarget: y").Findings.ShouldContain(f => f.Message.StartsWith("the alias '*a'"));

    [Fact]
    public void Parse_DeepNesting_IsBounded() =>
        PipelineSpecParser.Parse("target: " + new string('[', 5000)).Findings.ShouldContain(f => f.Message.Contains("nested more than"));

    [Fact]
    public void Parse_Garbage_NeverThrows()
    {
        var random = new Random(7);
        for (int i = 0; i < 2000; i++)
        {
            char[] text = Whole.ToCharArray();
            for (int k = random.Next(1, 6); k > 0; k--)
            {
                text[random.Next(text.Length)] = Noise[random.Next(Noise.Length)];
            }

            var result = PipelineSpecParser.Parse(new string(text));
            (result.Spec is null).ShouldBe(result.Findings.Count > 0);
        }
    }

    [Fact]
    public void ComputeHash_OtherOrderAndComments_IsTheSame() =>
        PipelineSpecParser.Parse("columns: {b: text, a: ignore} # c\ntarget: y\nwindow: 24h").Spec!.ComputeHash()
            .ShouldBe(PipelineSpecParser.Parse("target: y\nwindow: 1d\ncolumns: {a: ignore, b: text}").Spec!.ComputeHash());
}
