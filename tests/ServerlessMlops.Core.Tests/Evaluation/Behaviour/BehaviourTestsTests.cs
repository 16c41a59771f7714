using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Evaluation.Behaviour;

public sealed class BehaviourTestsTests
{
    private static float BySpeed(FeatureTable rows, int row) =>
        Judging.Number(rows, "speed", row) is var speed && float.IsNaN(speed) ? 0.5f : (float)(1 / (1 + Math.Exp(-(speed - 5))));

    private static float ByCarrier(FeatureTable rows, int row) => BySpeed(rows, row) * (Judging.Name(rows, "carrier", row) == "DL" ? 0.5f : 1);

    private static readonly TrainingData Data = Judging.Data(500);

    private static readonly TrainingData Few = Judging.Data(10);

    [Theory]
    [InlineData("{invariant: {column: carrier}, tolerance: 0.01}")]
    [InlineData("{monotonic: {column: speed}}")]
    [InlineData("{range: {atLeast: 0, atMost: 1}}")]
    [InlineData("{overlap: {atMost: 0.01}}")]
    [InlineData("{leakage: {atMost: 0.95}}")]
    [InlineData("{missing: {columns: [carrier], share: 0.5}}")]
    [InlineData("{cases: [{row: {speed: 9, carrier: AA}, class: yes}, {row: {speed: '1'}, class: no}, {row: {speed: 5}, atLeast: 0.4, atMost: 0.6}]}")]
    public void Run_WellBehaved_Passes(string test)
    {
        TestVerdict verdict = Judging.RunTest(Data, $"tests: [{test}]", BySpeed);

        verdict.Verdict.ShouldBe(Verdict.Passed, verdict.Reason);
        (verdict.Failures, verdict.Examples.Count, verdict.Blocks).ShouldBe((0, 0, false));
        verdict.Rows.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void RunInvariant_ModelThatLooks_FailsWithExamples()
    {
        TestVerdict verdict = Judging.RunTest(Data, "tests: [{invariant: {column: carrier}, tolerance: 0.01}]", ByCarrier);

        verdict.Verdict.ShouldBe(Verdict.Failed);
        verdict.Test.ShouldBe("invariant carrier");
        verdict.Reason.ShouldStartWith("exchanging carrier moves predictions by at most 0.01 in all but ");
        verdict.Examples.Count.ShouldBe(5);
        verdict.Examples[0].ShouldMatch("^row [0-9]+: carrier to '(DL|AA|UA|rare)' moves the prediction by 0\\.[0-9]+$");
        verdict.Blocks.ShouldBeTrue();
    }

    [Fact]
    public void RunInvariant_SensitiveColumn_ExamplesNameNoValue() =>
        Judging.RunTest(Data, "columns: {carrier: {sensitive: true}}\ntests: [{invariant: {column: carrier}}]", ByCarrier).Examples.ShouldAllBe(e => e.Contains("to another value"));

    [Theory]
    [InlineData("{invariant: {column: tail}}", "the model takes no 'tail'; it takes speed, carrier, sex")]
    [InlineData("{monotonic: {column: carrier}}", "'carrier' is a category, which does not rise")]
    [InlineData("{missing: {columns: [tail]}}", "the model takes no 'tail'; it takes speed, carrier, sex")]
    [InlineData("{cases: [{row: {tail: N1}, class: yes}]}", "the model takes no 'tail'; it takes speed, carrier, sex")]
    [InlineData("{cases: [{row: {speed: fast}, class: yes}]}", "case 1 has 'fast' for speed, which is a number")]
    [InlineData("{cases: [{name: slow, row: {speed: 1}, class: maybe}]}", "slow expects class 'maybe'; the classes are no, yes")]
    public void Run_NothingToTest_IsInsufficientEvidence(string test, string why)
    {
        TestVerdict verdict = Judging.RunTest(Data, $"tests: [{test}]", BySpeed);

        verdict.Verdict.ShouldBe(Verdict.InsufficientEvidence);
        verdict.Reason.ShouldBe("it cannot be judged: " + why);
    }

    [Theory]
    [InlineData("{invariant: {column: carrier}}")]
    [InlineData("{monotonic: {column: speed}}")]
    [InlineData("{range: {atLeast: 0}}")]
    [InlineData("{overlap: {}}")]
    [InlineData("{leakage: {}}")]
    [InlineData("{missing: {}}")]
    public void Run_FewRows_IsInsufficientEvidence(string test) =>
        Judging.RunTest(Few, $"tests: [{test}]", BySpeed).Reason.ShouldBe("it cannot be judged: the hold-out has 10 rows; at least 20 are needed");

    [Fact]
    public void RunMonotonic_WrongDirection_Fails()
    {
        TestVerdict verdict = Judging.RunTest(Data, "tests: [{monotonic: {column: speed, direction: down}, severity: warning}]", BySpeed);

        verdict.Verdict.ShouldBe(Verdict.Failed);
        verdict.Failures.ShouldBe(500);
        verdict.Examples[0].ShouldContain("the prediction rises again by 0.9");
        verdict.Blocks.ShouldBeFalse();
        Judging.RunTest(Data, "tests: [{monotonic: {column: speed, direction: down}, tolerance: 1}]", BySpeed).Verdict.ShouldBe(Verdict.Passed);
    }

    [Fact]
    public void RunMonotonic_OneValueOnly_IsInsufficientEvidence()
    {
        LabelledRows rows = Data.Holdout with { Features = new FeatureTable([new NumericFeature("speed", new float[500]), .. Data.Holdout.Features.Features.Skip(1)]) };

        Judging.RunTest(Data with { Holdout = rows }, "tests: [{monotonic: {column: speed}}]", BySpeed).Reason.ShouldEndWith("'speed' has fewer than two values on the hold-out");
    }

    [Theory]
    [InlineData("", Verdict.Failed)] // none may fail, and some do
    [InlineData(", mostly: 0.9", Verdict.Failed)]
    [InlineData(", mostly: 0.52", Verdict.InsufficientEvidence)]
    [InlineData(", mostly: 0.4", Verdict.Passed)]
    public void RunRange_HalfOutside_AsTheShareThatMustPassHasIt(string mostly, Verdict verdict) =>
        Judging.RunTest(Data, $"tests: [{{range: {{atMost: 0.5}}{mostly}}}]", BySpeed).Verdict.ShouldBe(verdict);

    [Fact]
    public void RunRange_NotANumber_Fails() =>
        Judging.RunTest(Data, "tests: [{range: {atLeast: 0}}]", (rows, row) => row == 7 ? float.NaN : 0.5f).Failures.ShouldBe(1);

    [Fact]
    public void RunCases_WrongAnswers_AreTold()
    {
        TestVerdict verdict = Judging.RunTest(Data, "tests: [{name: basics, cases: [{name: fast, row: {speed: 9}, class: no}, {row: {speed: 1}, atLeast: 0.5}, {row: {speed: 9}, class: yes}]}]", BySpeed);

        verdict.Test.ShouldBe("basics");
        verdict.Verdict.ShouldBe(Verdict.Failed);
        verdict.Examples.ShouldBe(["fast: 'yes', expected 'no'", "case 2: probability 0.018 of 'yes', expected at least 0.5"]);
    }

    [Fact]
    public void RunCases_RegressionAndSeveralClasses_AreAnsweredInTheirTerms()
    {
        Judging.RunTest(Judging.Data(50, task: LearningTask.Regression), "tests: [{cases: [{row: {speed: 4}, atLeast: 7, atMost: 9}]}]", (rows, row) => 2 * Judging.Number(rows, "speed", row)).Verdict.ShouldBe(Verdict.Passed);
    }

    [Fact]
    public void RunOverlap_RowsOnBothSides_FailsOrIsUndecided()
    {
        TestVerdict Overlap(int rows)
        {
            int[] copied = [.. Enumerable.Range(0, rows)];
            LabelledRows train = new(
                new FeatureTable([.. Data.Train.Features.Features.Zip(Data.Holdout.Features.Features, (t, h) => Joined(t.Select([.. Enumerable.Range(0, 100)]), h.Select(copied)))]),
                [.. Data.Train.Labels.Take(100), .. Data.Holdout.Labels.Take(rows)]);
            return Judging.RunTest(Data with { Train = train }, "tests: [{overlap: {atMost: 0.02}}]", BySpeed);
        }

        Overlap(10).Verdict.ShouldBe(Verdict.Passed);
        Overlap(12).Verdict.ShouldBe(Verdict.InsufficientEvidence);
        TestVerdict failed = Overlap(100);
        failed.Verdict.ShouldBe(Verdict.Failed);
        failed.Failures.ShouldBe(100);
        failed.Examples[0].ShouldBe("row 100");
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void RunLeakage_ColumnWrittenAfterTheFact_IsNamed(LearningTask task)
    {
        TrainingData data = Judging.Data(400, task: task);
        LabelledRows Leaking(LabelledRows rows) => rows with { Features = new FeatureTable([.. rows.Features.Features, new NumericFeature("paid", [.. rows.Labels.Select(y => y * 3)])]) };

        TestVerdict verdict = Judging.RunTest(data with { Train = Leaking(data.Train), Holdout = Leaking(data.Holdout) }, "tests: [{leakage: {atMost: 0.98}}]", (rows, row) => 0.5f);

        verdict.Verdict.ShouldBe(Verdict.Failed, verdict.Reason);
        verdict.Reason.ShouldStartWith("paid alone ");
        verdict.Examples[0].ShouldStartWith("paid: ");
    }

    [Fact]
    public void RunLeakage_OneClassOnly_IsInsufficientEvidence() =>
        Judging.RunTest(Judging.WithLabels(Data, _ => 1), "tests: [{leakage: {}}]", BySpeed).Verdict.ShouldBe(Verdict.InsufficientEvidence);

    [Theory]
    [InlineData(0.9, 0.1, Verdict.Failed)]
    [InlineData(0.3, 0.05, Verdict.InsufficientEvidence)]
    [InlineData(0.1, 0.1, Verdict.Passed)]
    public void RunMissing_ModelThatNeedsTheValues_AsItsLossHasIt(double share, double atMost, Verdict verdict)
    {
        TestVerdict decided = Judging.RunTest(Judging.Data(300), System.FormattableString.Invariant($"tests: [{{missing: {{share: {share}, atMost: {atMost}}}}}]"), BySpeed);

        decided.Verdict.ShouldBe(verdict, decided.Reason);
        decided.Reason.ShouldContain("auc goes from 0.");
    }

    [Fact]
    public void RunMissing_AnswersThatAreNoNumbers_Fail() =>
        Judging.RunTest(Data, "tests: [{missing: {}}]", (rows, row) => Judging.Number(rows, "speed", row) / 10).Reason.ShouldContain("answers are no numbers");

    private static Feature Joined(Feature a, Feature b) => a is NumericFeature x
        ? new NumericFeature(a.Name, [.. x.Values, .. ((NumericFeature)b).Values])
        : new CategoricalFeature(a.Name, [.. ((CategoricalFeature)a).Codes, .. ((CategoricalFeature)b).Codes], ((CategoricalFeature)a).Categories);
}
