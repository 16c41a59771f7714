using System.Buffers;
using System.Text.Json;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Learners;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.Mlflow;

public class InvocationWriterTests
{
    [Fact]
    public void Write_Binary_NamesDecisionProbabilityAndIds() =>
        Answer(LearningTask.Binary, ["no", "yes"], 1, """{"instances":[[30,20,"AA"],[1.5,2,"DL"]]}""", "").ShouldBe(
            """{"predictions":[{"decision":"yes","probability":0.5,"inferenceId":"flights.2026010203.0123abcd.4.7"},{"decision":"no","probability":0.045,"inferenceId":"flights.2026010203.0123abcd.4.8"}],"model":"flights","version":3}""");

    [Fact]
    public void Write_Multiclass_NamesAllProbabilities() =>
        Answer(LearningTask.Multiclass, ["a", "b\"", "c"], 3, """{"instances":[[30,20,"AA"]]}""", "mine").ShouldBe(
            """{"predictions":[{"decision":"c","probability":0.52,"probabilities":[0.5,0.51,0.52],"inferenceId":"mine"}],"model":"flights","version":3}""");

    [Fact]
    public void Write_RegressionWithRequestIdAndWarnings_NumbersTheRows()
    {
        string answer = Answer(LearningTask.Regression, [], 1, """{"dataframe_records":[{"speed":1,"altitude":1,"carrier":"QQ"},{"speed":1e-7,"altitude":0,"carrier":"AA","inferenceId":"own"}]}""", "mine");
        JsonElement root = JsonDocument.Parse(answer).RootElement;
        root.GetProperty("predictions")[0].GetProperty("inferenceId").GetString().ShouldBe("mine.0");
        root.GetProperty("predictions")[1].GetProperty("inferenceId").GetString().ShouldBe("own");
        root.GetProperty("predictions")[1].GetProperty("value").GetSingle().ShouldBe(1e-9f);
        root.GetProperty("warnings")[0].GetProperty("code").GetString().ShouldBe("unknownCategory");
        root.GetProperty("warnings")[0].GetProperty("message").GetString().ShouldNotBeNull().ShouldContain("training did not see");
    }

    [Fact]
    public void Write_NoRows_IsAnEmptyList() =>
        Answer(LearningTask.Binary, ["no", "yes"], 1, """{"instances":[]}""", "").ShouldBe("""{"predictions":[],"model":"flights","version":3}""");

    private static string Answer(LearningTask task, string[] classes, int outputs, string body, string requestId)
    {
        var predictor = new SumPredictor(Carriers, outputs);
        var batch = new ScoringBatch();
        var model = new ServingModel(Card(task, classes), 3, predictor);
        batch.Reset(model.Signature, 3, ScoringLimits.Default);
        InvocationReader.Read(System.Text.Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Predict(predictor);
        var buffer = new ArrayBufferWriter<byte>();
        byte[] prefix = System.Text.Encoding.UTF8.GetBytes(InferenceId.Prefix("flights", new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero), "0123abcd", 4));
        InvocationWriter.Write(
            buffer, batch, model, new RowIds(batch, System.Text.Encoding.UTF8.GetBytes(requestId), prefix, 7));
        JsonDocument.Parse(buffer.WrittenMemory).Dispose();
        return Text(buffer);
    }
}
