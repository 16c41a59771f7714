using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Evaluation.Gates;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Evaluation;

public sealed class GateTests
{
    [Theory]
    [InlineData("auc >= 0.70", GateSubjectKind.Metric, "auc", null, GateComparison.AtLeast, 0, 0.70)]
    [InlineData("log_loss<=.5", GateSubjectKind.Metric, "log_loss", null, GateComparison.AtMost, 0, 0.5)]
    [InlineData("r2 > -1e-3", GateSubjectKind.Metric, "r2", null, GateComparison.Above, 0, -0.001)]
    [InlineData("auc >= champion - 0.005", GateSubjectKind.Metric, "auc", null, GateComparison.AtLeast, 1, -0.005)]
    [InlineData("auc > champion", GateSubjectKind.Metric, "auc", null, GateComparison.Above, 1, 0)]
    [InlineData("rmse < champion * 0.99", GateSubjectKind.Metric, "rmse", null, GateComparison.Below, 0.99, 0)]
    [InlineData("slice carrier: auc >= 0.60", GateSubjectKind.Slice, "auc", "carrier", GateComparison.AtLeast, 0, 0.60)]
    [InlineData("slice air line : auc >= champion + 0.01", GateSubjectKind.Slice, "auc", "air line", GateComparison.AtLeast, 1, 0.01)]
    [InlineData("parity(carrier) <= 0.1", GateSubjectKind.Parity, "parity", "carrier", GateComparison.AtMost, 0, 0.1)]
    [InlineData("odds( Größe ) < 0.1", GateSubjectKind.Odds, "odds", "Größe", GateComparison.Below, 0, 0.1)]
    [InlineData("latency_p99_ms <= 5", GateSubjectKind.Cost, "latency_p99_ms", null, GateComparison.AtMost, 0, 5)]
    [InlineData("size_mb <= champion * 2", GateSubjectKind.Cost, "size_mb", null, GateComparison.AtMost, 2, 0)]
    [InlineData("train_seconds <= 600", GateSubjectKind.Cost, "train_seconds", null, GateComparison.AtMost, 0, 600)]
    public void TryParse_Gate_IsUnderstood(string text, GateSubjectKind kind, string name, string? column, GateComparison comparison, double factor, double offset) =>
        Parse(text).ShouldBe(new Gate(text, new GateSubject(kind, name, column), comparison, new GateBound(factor, offset)));

    [Theory]
    [InlineData("", "at position 1: found the end, expected one of auc, ")]
    [InlineData("acu >= 1", "at position 1: found 'acu', expected one of auc, ")]
    [InlineData("auc", "at position 4: found the end, expected '>=', '>', '<=' or '<'")]
    [InlineData("auc => 1", "at position 5: found '=', expected '>=', '>', '<=' or '<'")]
    [InlineData("auc >= champion - x", "at position 19: found 'x', expected a number")]
    [InlineData("auc >= champion / 2", "at position 17: found '/', expected '+', '-', '*' or the end")]
    [InlineData("auc >= high", "at position 8: found 'high', expected a number or 'champion'")]
    [InlineData("auc >= 0.7 please", "at position 12: found 'please', expected the end")]
    [InlineData("auc >= 1e999", "at position 8: found '1e999', expected a number or 'champion'")]
    [InlineData("slice carrier auc >= 0.6", "at position 25: found the end, expected ':' after the column")]
    [InlineData("slice : auc >= 0.6", "at position 6: found ':', expected the name of a column")]
    [InlineData("slice carrier: size_mb <= 1", "at position 16: found 'size_mb', expected one of auc, ")]
    [InlineData("parity <= 0.1", "at position 8: found '<=', expected '(' and a column, such as parity(carrier)")]
    [InlineData("odds(carrier <= 0.1", "at position 20: found the end, expected ')' after the column")]
    public void TryParse_Fault_SaysWhereAndWhatWasExpected(string text, string fault)
    {
        Gate.TryParse(text, out _, out string? found).ShouldBeFalse();

        found.ShouldStartWith(fault);
    }

    [Fact]
    public void TryParse_Noise_NeverThrows()
    {
        string[] words = ["auc", "slice", "parity", "odds", "champion", ":", "(", ")", ">=", "<", ">", "-", "+", "*", "0.7", "1e", "1e-", ".", "\0", "ü", " ", "size_mb", "x y"];
        var random = new Random(20);
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => words[random.Next(words.Length)]));
            bool parsed = Gate.TryParse(text, out Gate? gate, out string? fault);
            (parsed ? gate is not null && fault is null : gate is null && fault is not null).ShouldBeTrue(text);
        }
    }

    [Fact]
    public void TryParse_MisspeltMetric_AsksWhetherAnotherWasMeant()
    {
        Gate.TryParse("acu >= 1", out _, out string? fault).ShouldBeFalse();

        fault.ShouldEndWith("Did you mean 'auc'?");
    }

    [Fact]
    public void Fault_MetricOfAnotherTask_IsNamed()
    {
        Parse("auc >= 0.7").Subject.Fault(LearningTask.Regression).ShouldBe("'auc' does not judge a regression task; expected one of rmse, mae, mape, r2");
        Parse("parity(carrier) <= 0.1").Subject.Fault(LearningTask.Regression).ShouldNotBeNull();
        Parse("auc >= 0.7").Subject.Fault(LearningTask.Binary).ShouldBeNull();
    }

    [Theory]
    [InlineData("auc >= 0.70", 0.72, Verdict.Passed)] // the measured value decides what passes
    [InlineData("auc >= 0.70", 0.69, Verdict.InsufficientEvidence)] // short by what chance explains
    [InlineData("auc >= 0.70", 0.60, Verdict.Failed)]
    [InlineData("log_loss <= 0.5", 0.48, Verdict.Passed)]
    [InlineData("log_loss <= 0.5", 0.51, Verdict.InsufficientEvidence)]
    [InlineData("log_loss <= 0.5", 0.60, Verdict.Failed)]
    public void Decide_AgainstANumber_AsTheIntervalHasIt(string text, double value, Verdict verdict) =>
        Decide(text, One(Around(value, 0.02))).Verdict.ShouldBe(verdict);

    [Fact]
    public void Decide_Confident_AsksTheWholeInterval()
    {
        Decide("auc >= 0.70", One(Around(0.72, 0.02)), confident: true).Verdict.ShouldBe(Verdict.InsufficientEvidence);
        Decide("auc >= 0.70", One(Around(0.78, 0.02)), confident: true).Verdict.ShouldBe(Verdict.Passed);
    }

    [Theory]
    [InlineData("auc > champion", 0.83, Verdict.Passed)]
    [InlineData("auc > champion", 0.805, Verdict.InsufficientEvidence)] // only seems to win
    [InlineData("auc > champion", 0.77, Verdict.Failed)]
    [InlineData("auc >= champion * 1.02", 0.85, Verdict.Passed)]
    [InlineData("auc >= champion * 1.02", 0.82, Verdict.InsufficientEvidence)]
    [InlineData("auc >= champion * 1.02", 0.79, Verdict.Failed)]
    [InlineData("auc >= champion - 0.005", 0.799, Verdict.Passed)] // asks for no win
    [InlineData("auc >= champion - 0.005", 0.79, Verdict.InsufficientEvidence)]
    [InlineData("auc >= champion - 0.005", 0.77, Verdict.Failed)]
    public void Decide_AgainstTheChampion_ByThePairedDifference(string text, double value, Verdict verdict)
    {
        // Resamples of both rise and fall together, as those of one hold-out do: each alone is far less certain than their difference.
        SampledValue champion = Around(0.80, 0.05), candidate = new(value, 400, [.. champion.Resamples.Select((v, i) => v + value - 0.80 + (i % 2 == 0 ? 0.01 : -0.01))]);

        Decide(text, new GateEvidence([new Measurement(candidate, champion)]) { HasChampion = true }).Verdict.ShouldBe(verdict);
    }

    [Fact]
    public void Decide_NoChampionYet_LetsThroughAndSaysWhy()
    {
        GateVerdict verdict = Decide("auc >= champion - 0.005", One(Around(0.7, 0.01)));

        verdict.Verdict.ShouldBe(Verdict.Passed);
        verdict.Reason.ShouldBe("auc is 0.7, and it has no champion to be compared with: none serves yet, or it learned something else");
    }

    [Fact]
    public void Decide_FewRows_IsInsufficientEvidence()
    {
        GateVerdict verdict = Decide("auc >= 0.5", One(new SampledValue(0.9, 12, [0.8, 0.9, 1])));

        verdict.Verdict.ShouldBe(Verdict.InsufficientEvidence);
        verdict.Reason.ShouldBe("auc is 0.9 on 12 rows, and must be at least 0.5, but 12 rows cannot tell; at least 20 are needed");
        verdict.Blocks.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0.65, Verdict.Passed)]
    [InlineData(0.58, Verdict.InsufficientEvidence)]
    [InlineData(0.40, Verdict.Failed)]
    public void Decide_OverGroups_TheWorstDecides(double worst, Verdict verdict)
    {
        var evidence = new GateEvidence([new Measurement(Around(0.8, 0.02), Group: "AA"), new Measurement(Around(worst, 0.02), Group: "DL")]) { GroupsLeftOut = 1 };

        GateVerdict decided = Decide("slice carrier: auc >= 0.60", evidence);

        decided.Verdict.ShouldBe(verdict);
        decided.Group.ShouldBe("DL");
        decided.Reason.ShouldContain("where carrier is DL");
        decided.Reason.ShouldEndWith("; the weakest of 2 groups; 1 group with too few rows left out");
        Decide("slice carrier: auc >= 0.60", evidence with { IsSensitive = true }).Reason.ShouldNotContain("DL");
    }

    [Fact]
    public void Decide_ManyGroups_WidensIntervals()
    {
        Measurement[] groups = [.. Enumerable.Range(0, 20).Select(g => new Measurement(Around(g == 0 ? 0.555 : 0.8, 0.02), Group: $"g{g}"))];

        Decide("slice carrier: auc >= 0.60", new GateEvidence(groups[..1])).Verdict.ShouldBe(Verdict.Failed);
        Decide("slice carrier: auc >= 0.60", new GateEvidence(groups)).Verdict.ShouldBe(Verdict.InsufficientEvidence);
    }

    [Theory]
    [InlineData("parity(carrier) <= 0.1", 0.05, Verdict.Passed)]
    [InlineData("parity(carrier) <= 0.1", 0.12, Verdict.InsufficientEvidence)]
    [InlineData("parity(carrier) <= 0.1", 0.30, Verdict.Failed)]
    [InlineData("odds(carrier) <= 0.1", 0.05, Verdict.Passed)]
    [InlineData("odds(carrier) <= 0.1", 0.12, Verdict.InsufficientEvidence)]
    [InlineData("odds(carrier) <= 0.1", 0.30, Verdict.Failed)]
    public void Decide_Fairness_AsTheIntervalHasIt(string text, double value, Verdict verdict) => Decide(text, One(Around(value, 0.02))).Verdict.ShouldBe(verdict);

    [Theory]
    [InlineData("latency_p99_ms <= 5", 4.9, Verdict.Passed)]
    [InlineData("latency_p99_ms <= 5", 5.1, Verdict.Failed)]
    [InlineData("size_mb <= 5", 1, Verdict.Passed)]
    [InlineData("size_mb <= 5", 6, Verdict.Failed)]
    [InlineData("train_seconds <= 600", 60, Verdict.Passed)]
    [InlineData("train_seconds <= 600", 601, Verdict.Failed)]
    public void Decide_Costs_Exactly(string text, double value, Verdict verdict)
    {
        Decide(text, new GateEvidence([new Measurement(new SampledValue(value, 1000, []))]) { IsExact = true }).Verdict.ShouldBe(verdict);
        Decide(text, GateEvidence.Absent("it was not measured")).Verdict.ShouldBe(Verdict.InsufficientEvidence);
    }

    [Fact]
    public void Decide_Fails_GivesTheNumbers()
    {
        GateVerdict verdict = Decide("auc >= 0.75", One(Around(0.65, 0.02)));

        verdict.Reason.ShouldBe("auc is 0.65 (0.611 to 0.689 on 400 rows), but must be at least 0.75: it misses that by 0.1, more than chance explains (0.061 to 0.139, p = 0.002)");
        (verdict.Value, verdict.Bound, verdict.Rows).ShouldBe((0.65, 0.75, 400));
        verdict.Low!.Value.ShouldBe(0.611, 0.001);
        verdict.Excess!.PValue!.Value.ShouldBeLessThan(0.01);
    }

    private static Gate Parse(string text) => Gate.TryParse(text, out Gate? gate, out string? fault) ? gate : throw new ShouldAssertException(fault);

    private static GateVerdict Decide(string text, GateEvidence evidence, bool confident = false) => GateDecision.Decide(Parse(text), evidence, confident: confident);

    private static GateEvidence One(SampledValue value) => new([new Measurement(value)]);

    /// <summary>A value on 400 rows whose resamples are the quantiles of a normal distribution.</summary>
    private static SampledValue Around(double value, double deviation) =>
        new(value, 400, [.. Enumerable.Range(0, 999).Select(i => ((i * 7) % 999) + 0.5).Select(i => value + (deviation * (i < 499.5 ? -1 : 1) * (i == 499.5 ? 0 : Resampling.NormalQuantile(Math.Min(i, 999 - i) / 999))))]);
}
