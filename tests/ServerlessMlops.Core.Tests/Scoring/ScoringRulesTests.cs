using System.Buffers;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Core.Scoring.OpenInference;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Calibration;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring;

public class ScoringRulesTests
{
    private const string Odd = """{"dataframe_split":{"columns":["speed","carrier","tail"],"data":[["fast",null,1],[1,"QQ",1]]}}""";

    [Fact]
    public void Read_UsualRules_RefuseWhatTheSignatureDoesNotAllow() => Findings(new ScoringSpec(), Odd, out _).ShouldBe(
        ["speed wrongType error", "altitude missingColumn error", "carrier unknownCategory warning", "tail extraColumn warning"]);

    [Fact]
    public void Read_LenientRules_ScoreItAsMissingWithWarnings()
    {
        var lenient = new ColumnScoringSpec { OnMissing = UnfitPolicy.Missing, OnWrongType = UnfitPolicy.Missing, OnUnknown = UnknownPolicy.Missing, OnNull = NullPolicy.Warn };
        ScoringSpec spec = Spec(lenient) with { OnExtra = ExtraPolicy.Accept };
        Findings(spec, Odd, out ScoringBatch batch).ShouldBe(
            ["speed wrongType warning", "carrier unknownCategory warning", "carrier nullValue warning", "altitude missingColumn warning"]);
        RowOf(batch, 0).ShouldBe([float.NaN, float.NaN, -1]);
        RowOf(batch, 1).ShouldBe([1, float.NaN, -1]);
        batch.CategoryCodes.ToArray().ShouldBe([ScoringSignature.MissingCategory, ScoringSignature.MissingCategory]);
    }

    [Fact]
    public void Read_StrictRules_RefuseAndTellEverythingAtOnce()
    {
        ScoringSpec spec = Spec(new ColumnScoringSpec { OnNull = NullPolicy.Reject, OnUnknown = UnknownPolicy.Reject }) with { OnExtra = ExtraPolicy.Reject };
        Findings(spec, Odd, out _).ShouldBe(
            ["speed wrongType error", "carrier unknownCategory error", "carrier nullValue error", "altitude missingColumn error", "tail extraColumn error"], ignoreOrder: true);
        Findings(spec, """{"instances":[[1,2,"AA"]]}""", out _).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"dataframe_split":{"columns":["speed","altitude","carrier"],"data":[[1,2,"AA"],[null,2,"AA"]]}}""")]
    [InlineData("""{"dataframe_split":{"columns":["speed","altitude","carrier"],"data":[[1,2,"\u0041A"],[null,2,"AA"]]}}""")]
    [InlineData("""{"instances":[[1,2,"AA"],[null,2,"AA"]]}""")]
    [InlineData("""{"inputs":{"speed":[1,null],"altitude":[1,2],"carrier":["AA","AA"]}}""")]
    public void Read_NullsOfEveryForm_FollowTheRule(string body) =>
        Findings(Spec(new ColumnScoringSpec { OnNull = NullPolicy.Reject }), body, out _).ShouldBe(["speed nullValue error"]);

    [Fact]
    public void Read_RecordsThatLackAColumn_FollowTheRuleRowByRow()
    {
        ScoringSpec spec = Spec(new ColumnScoringSpec { OnMissing = UnfitPolicy.Missing });
        Findings(spec, """[{"speed":1,"altitude":2,"carrier":"AA"},{"carrier":"DL"}]""", out ScoringBatch batch).ShouldBe(
            ["speed missingColumn warning", "altitude missingColumn warning"]);
        RowOf(batch, 1).ShouldBe([float.NaN, float.NaN, 1]);
        batch.Findings().ShouldAllBe(f => f.FirstRow == 1 && f.Count == 1);
    }

    [Fact]
    public void Read_UnknownAccepted_IsScoredWithoutAWord()
    {
        Findings(Spec(new ColumnScoringSpec { OnUnknown = UnknownPolicy.Accept }), """{"instances":[[1,2,"QQ"]]}""", out ScoringBatch batch).ShouldBeEmpty();
        RowOf(batch, 0)[2].ShouldBe(SumPredictor.UnknownCode);
    }

    [Theory]
    [InlineData("{margin: 0.1}", "true false false true")]
    [InlineData("{between: {atLeast: 0.2, atMost: 0.45}}", "true true false false")]
    [InlineData("{between: {atLeast: 0.8}}", "false false true false")]
    [InlineData("{onUnknown: true}", "false false false true")]
    public void Write_ReviewRules_MarkUncertainRows(string review, string expected)
    {
        // Probabilities 0.42, 0.3, 0.9 and 0.55, the last of an unknown category.
        JsonElement answer = Answer(Parse($"scoring: {{review: {review}}}"), """{"instances":[[40,2,"AA"],[29,1,"AA"],[89,1,"AA"],[4,1,"QQ"]]}""", LearningTask.Binary);
        string.Join(' ', answer.GetProperty("predictions").EnumerateArray().Select(p => p.GetProperty("needsReview").GetBoolean() ? "true" : "false")).ShouldBe(expected);
    }

    [Fact]
    public void Write_MarginOfSeveralClasses_IsThatOfTheTwoMostProbable()
    {
        var rules = new ScoringRules(new ScoringSpec { Review = new ReviewSpec { Margin = 0.1 } });
        var model = new ModelOutputs(Card(LearningTask.Multiclass, ["a", "b", "c"]), 3);
        rules.NeedsReview([0.45f, 0.1f, 0.4f], model, []).ShouldBeTrue();
        rules.NeedsReview([0.1f, 0.7f, 0.2f], model, []).ShouldBeFalse();
    }

    [Fact]
    public void Write_RegressionWithAnInterval_NamesItAndItsCoverage()
    {
        JsonElement answer = Answer(new ScoringSpec(), """{"instances":[[150,50,"AA"]]}""", LearningTask.Regression, new ConformalInterval(0.9, 0.25, 100));
        answer.GetProperty("intervalCoverage").GetDouble().ShouldBe(0.9);
        answer.GetProperty("predictions")[0].GetProperty("value").GetSingle().ShouldBe(2);
        answer.GetProperty("predictions")[0].GetProperty("interval").EnumerateArray().Select(v => v.GetSingle()).ShouldBe([1.75f, 2.25f]);
        answer.GetProperty("predictions")[0].TryGetProperty("needsReview", out _).ShouldBeFalse("there are no rules for review");

        ServingModel model = Model(new ScoringSpec(), LearningTask.Regression, new ConformalInterval(0.9, 0.25, 100));
        ScoringBatch batch = Score(model, """{"instances":[[150,50,"AA"]]}""", false);
        var buffer = new ArrayBufferWriter<byte>();
        InferenceWriter.Write(buffer, batch, model, new InferenceRequest(), new RowIds(batch, default, "p."u8, 0));
        JsonDocument.Parse(buffer.WrittenMemory).RootElement.GetProperty("outputs").EnumerateArray()
            .Select(o => $"{o.GetProperty("name")} {o.GetProperty("data")[0]}").Take(3).ShouldBe(["value 2", "intervalLow 1.75", "intervalHigh 2.25"]);
    }

    [Fact]
    public void Score_UsualRules_AllocatesNothing()
    {
        ServingModel model = Model(new ScoringSpec(), LearningTask.Binary);
        byte[] body = Encoding.UTF8.GetBytes("""{"dataframe_split":{"columns":["speed","altitude","carrier"],"data":[[40,2,"AA"],[null,1,"DL"]]}}""");
        var batch = new ScoringBatch();
        var buffer = new ArrayBufferWriter<byte>(4096);
        void Once()
        {
            buffer.ResetWrittenCount();
            batch.Reset(model.Signature, 3, ScoringLimits.Default);
            InvocationReader.Read(body, batch, ScoringLimits.Default).ShouldBeNull();
            batch.Predict(model.Predictor);
            InvocationWriter.Write(buffer, batch, model, new RowIds(batch, default, "p."u8, 0));
        }

        for (int i = 0; i < 100; i++)
        {
            Once();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Once();
        }

        ((GC.GetAllocatedBytesForCurrentThread() - before) / 1000).ShouldBe(0);
    }

    private static ScoringSpec Spec(ColumnScoringSpec all) => new()
    {
        Columns = new Dictionary<string, ColumnScoringSpec> { ["speed"] = all, ["altitude"] = all, ["carrier"] = all },
    };

    private static ScoringSpec Parse(string yaml)
    {
        PipelineSpecResult result = PipelineSpecParser.Parse("target: delayed\n" + yaml);
        result.Findings.ShouldBeEmpty();
        return result.Spec!.Scoring;
    }

    private static ServingModel Model(ScoringSpec spec, LearningTask task, ConformalInterval? interval = null) => new(Card(task) with { Interval = interval }, 3, SumModel, new ScoringRules(spec));

    private static string[] Findings(ScoringSpec spec, string body, out ScoringBatch batch)
    {
        batch = new ScoringBatch();
        ServingModel model = Model(spec, LearningTask.Binary);
        batch.Reset(model.Signature, 3, ScoringLimits.Default);
        ScoringProblem? problem = InvocationReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default);
        (problem is not null).ShouldBe(batch.Findings().Any(f => f.IsError));
        return [.. batch.Findings().Select(f => $"{f.Column} {JsonNamingPolicy.CamelCase.ConvertName(f.Code.ToString())} {(f.IsError ? "error" : "warning")}")];
    }

    private static ScoringBatch Score(ServingModel model, string body, bool explain)
    {
        var batch = new ScoringBatch();
        batch.Reset(model.Signature, 3, ScoringLimits.Default);
        batch.WantsExplanation = explain;
        InvocationReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Predict(model.Predictor);
        return batch;
    }

    private static JsonElement Answer(ScoringSpec spec, string body, LearningTask task, ConformalInterval? interval = null)
    {
        ServingModel model = Model(spec, task, interval);
        ScoringBatch batch = Score(model, body, false);
        var buffer = new ArrayBufferWriter<byte>();
        InvocationWriter.Write(buffer, batch, model, new RowIds(batch, default, "p."u8, 0));
        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }
}
