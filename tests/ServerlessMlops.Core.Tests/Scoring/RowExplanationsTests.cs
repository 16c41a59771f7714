using System.Buffers;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Core.Scoring.OpenInference;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Onnx;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring;

public class RowExplanationsTests
{
    private static readonly ServingModel Linear = Train(LearnerOptions.Linear);
    private static readonly ServingModel Boosting = Train(LearnerOptions.Boosting);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_ExplainedRows_HaveContributionsThatAddUpToTheScore(bool isLinear)
    {
        ServingModel model = isLinear ? Linear : Boosting;
        JsonElement answer = Answer(model, """{"instances":[[10,2,"AA"],[90,null,"DL"]],"params":{"explain":true}}""");
        answer.TryGetProperty("warnings", out _).ShouldBeFalse("'explain' is a known parameter");
        foreach (JsonElement row in answer.GetProperty("predictions").EnumerateArray())
        {
            JsonElement explanation = row.GetProperty("explanation");
            double score = explanation.GetProperty("score").GetDouble();
            explanation.GetProperty("contributions").EnumerateObject().Select(p => p.Name).ShouldBe(["speed", "altitude", "carrier"]);
            (explanation.GetProperty("base").GetDouble() + explanation.GetProperty("contributions").EnumerateObject().Sum(p => p.Value.GetDouble())).ShouldBe(score, 1e-4);

            // Neither model is calibrated, so the score is the log-odds of the probability.
            (1 / (1 + Math.Exp(-score))).ShouldBe(row.GetProperty("probability").GetDouble(), 1e-4);
        }

        answer.GetProperty("predictions")[1].GetProperty("explanation").GetProperty("contributions").GetProperty("speed").GetDouble().ShouldBeGreaterThan(0.5);
    }

    [Fact]
    public void Write_Tensors_HaveTheContributionsAsOne()
    {
        ScoringBatch batch = Score(Linear, """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[10,2,"AA",90,3,"DL"]}],"parameters":{"explain":true}}""", isTensors: true);
        var buffer = new ArrayBufferWriter<byte>();
        InferenceWriter.Write(buffer, batch, Linear, new InferenceRequest(), new RowIds(batch, default, "p."u8, 0));
        JsonElement contributions = JsonDocument.Parse(buffer.WrittenMemory).RootElement.GetProperty("outputs").EnumerateArray().Single(o => o.GetProperty("name").GetString() == "contributions");
        contributions.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32()).ShouldBe([2, 3]);
        contributions.GetProperty("data").GetArrayLength().ShouldBe(6);
    }

    [Fact]
    public void Explain_ModelWithoutExplanations_AnswersAndSaysWhy()
    {
        JsonElement answer = Answer(new ServingModel(Card(), 3, SumModel), """{"instances":[[10,2,"AA"]],"params":{"explain":true}}""");
        answer.GetProperty("predictions")[0].TryGetProperty("explanation", out _).ShouldBeFalse();
        answer.GetProperty("warnings")[0].GetProperty("code").GetString().ShouldBe("noExplanation");
        answer.GetProperty("warnings")[0].GetProperty("message").GetString().ShouldNotBeNull().ShouldContain("cannot be explained");
    }

    [Fact]
    public void Explain_TooManyRows_IsRefused()
    {
        var batch = new ScoringBatch();
        batch.Reset(Linear.Signature, 3, ScoringLimits.Default);
        string rows = string.Join(',', Enumerable.Repeat("[1,2,\"AA\"]", RowExplanations.MostRows + 1));
        InvocationReader.Read(Encoding.UTF8.GetBytes($"[{rows}]"), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Predict(Linear.Predictor);
        batch.Explain(Linear).ShouldNotBeNull().Status.ShouldBe(413);
    }

    [Theory]
    [InlineData("""{"instances":[[1,2,"AA"]],"params":{"explain":"yes"}}""")]
    [InlineData("""{"instances":[[1,2,"AA"]],"params":{"explain":1}}""")]
    public void Read_ExplainThatIsNoBoolean_IsRefused(string body) =>
        InvocationReader.Read(Encoding.UTF8.GetBytes(body), NewBatch(), ScoringLimits.Default).ShouldNotBeNull().Detail.ShouldContain("expected true or false");

    private static JsonElement Answer(ServingModel model, string body)
    {
        ScoringBatch batch = Score(model, body);
        var buffer = new ArrayBufferWriter<byte>();
        InvocationWriter.Write(buffer, batch, model, new RowIds(batch, default, "p."u8, 0));
        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }

    private static ScoringBatch Score(ServingModel model, string body, bool isTensors = false)
    {
        var batch = new ScoringBatch();
        batch.Reset(model.Signature, 3, ScoringLimits.Default);
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        (isTensors
            ? InferenceReader.Read(bytes, batch, ScoringLimits.Default, model.Signature.OutputTensors, new InferenceRequest())
            : InvocationReader.Read(bytes, batch, ScoringLimits.Default)).ShouldBeNull();
        batch.WantsExplanation.ShouldBeTrue();
        batch.Predict(model.Predictor);
        batch.Explain(model).ShouldBeNull();
        return batch;
    }

    private static ServingModel Train(string learner)
    {
        const int Rows = 300;
        float[] speed = [.. Enumerable.Range(0, Rows).Select(i => (float)(i % 100))], altitude = [.. Enumerable.Range(0, Rows).Select(i => i % 7 == 0 ? float.NaN : i % 5)];
        int[] carrier = [.. Enumerable.Range(0, Rows).Select(i => i % 3)];
        float[] late = [.. Enumerable.Range(0, Rows).Select(i => speed[i] + (carrier[i] * 10) + (i % 11) > 60 ? 1f : 0f)];
        var table = new FeatureTable([new NumericFeature("speed", speed), new NumericFeature("altitude", altitude), new CategoricalFeature("carrier", carrier, Carriers)]);
        byte[] onnx = OnnxWriter.Write(Learner.Train(
            new LearnerOptions { Name = learner, BoostingOptions = new BoostingOptions { Iterations = 20 } }, table, late, LearningTask.Binary, ["no", "yes"]));
        IRowPredictor predictor = OnnxPredictor.Read(onnx);
        ScoringModel read = OnnxModel.Load(onnx);
        return new ServingModel(Card() with { Inputs = [.. read.Inputs.Select(i => new FeatureSignature(i.Name, i.Kind == InputKind.Number ? FeatureKind.Number : FeatureKind.Category) { Categories = i.Categories })] }, 3, predictor);
    }
}
