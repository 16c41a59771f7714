using System.Buffers;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.OpenInference;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.OpenInference;

public class InferenceProtocolTests
{
    private static readonly IReadOnlyList<string> Outputs = Signature.OutputTensors;

    [Theory]
    [InlineData("""{"id":"42","inputs":[{"name":"speed","shape":[2],"datatype":"FP32","data":[1.5,null]},{"name":"altitude","shape":[2,1],"datatype":"INT64","data":[[2],[-300]]},{"name":"carrier","shape":[2],"datatype":"BYTES","data":["DL","AA"]}]}""")]
    [InlineData("""{"inputs":[{"data":[[1.5,2,"DL"],[null,-300,"AA"]],"datatype":"FP32","shape":[2,3],"name":"input-0","parameters":{"content_type":"np"}}],"id":"42","parameters":{"binary_data_output":false}}""")]
    [InlineData("""{"id":"42","inputs":[{"name":"x","shape":[2,3],"datatype":"FP64","data":[1.5,2,"DL",null,-300,"AA"]}]}""")]
    public void Read_TensorsByColumnOrWhole_GiveTheSameRows(string body)
    {
        ScoringBatch batch = NewBatch();
        var request = new InferenceRequest();
        InferenceReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default, Outputs, request).ShouldBeNull();
        batch.Rows.ShouldBe(2);
        RowOf(batch, 0).ShouldBe([1.5f, 2, 1]);
        RowOf(batch, 1).ShouldBe([float.NaN, -300, 0]);
        request.Id.ShouldBe("42");
    }

    [Theory]
    [InlineData("[]", 400, "The body is an array")]
    [InlineData("{}", 400, "has no \"inputs\"")]
    [InlineData("""{"id":7,"inputs":[]}""", 400, "\"id\" is a number")]
    [InlineData("""{"inputs":[7]}""", 400, "Input 0 is a number")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[1],"data":[1]}]}""", 400, "has no \"datatype\"")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[1],"datatype":"FP8","data":[1]}]}""", 400, "'FP8'")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[-1],"datatype":"FP32","data":[1]}]}""", 400, "whole numbers from 0")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[2],"datatype":"FP32","data":[1]}]}""", 400, "has 1 value(s) and its shape says 2")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[1],"datatype":"FP32","data":[1,2]}]}""", 400, "has 2 value(s) and its shape says 1")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"altitude","shape":[1],"datatype":"FP32","data":[1]}]}""", 400, "has 1 row(s) where those before have 2")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[2000000000],"datatype":"FP32","data":[]}]}""", 413, "is the most")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[1],"datatype":"FP32","data":[1]}]}""", 400, "'altitude' is missing")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,"AA"]}],"outputs":[{"name":"nonsense"}]}""", 400, "decision, probability, inferenceId")]
    [InlineData("""{"inputs":[{"name":"speed","shape":[1],"datatype":"BYTES","data":["1"]},{"name":"altitude","shape":[1],"datatype":"FP32","data":[1]},{"name":"carrier","shape":[1],"datatype":"BYTES","data":["AA"]}]}""", 400, "is not a number")]
    public void Read_Faults_AreNamed(string body, int status, string expected)
    {
        ScoringProblem? problem = InferenceReader.Read(Encoding.UTF8.GetBytes(body), NewBatch(), ScoringLimits.Default, Outputs, new InferenceRequest());
        problem.ShouldNotBeNull().Status.ShouldBe(status);
        problem.Detail.ShouldContain(expected);
    }

    [Fact]
    public void Write_AllOutputs_EchoesTheIdAndShapes()
    {
        string answer = Answer("""{"id":"a\"b","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[30,20,"AA",1,1,"QQ"]},{"name":"y","shape":[2],"datatype":"FP32","data":[0,0]}]}""", out ScoringProblem? refused);
        refused!.Detail.ShouldContain("followed by another");
        answer.ShouldBeEmpty();

        answer = Answer("""{"id":"a\"b","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[30,20,"AA",0,0,null]}]}""", out _);
        JsonElement root = JsonDocument.Parse(answer).RootElement;
        root.GetProperty("id").GetString().ShouldBe("a\"b");
        root.GetProperty("model_version").GetString().ShouldBe("3");
        root.GetProperty("outputs").GetRawText().ShouldBe("""[{"name":"decision","datatype":"BYTES","shape":[2],"data":["yes","no"]},{"name":"probability","datatype":"FP32","shape":[2],"data":[0.5,-0.01]},{"name":"inferenceId","datatype":"BYTES","shape":[2],"data":["p.0","p.1"]}]""");
    }

    [Fact]
    public void Write_ChosenOutputsAndWarnings_GivesThose()
    {
        JsonElement root = JsonDocument.Parse(Answer("""{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[30,20,"QQ"]}],"outputs":[{"name":"probability","parameters":{}}]}""", out _)).RootElement;
        root.GetProperty("outputs").GetArrayLength().ShouldBe(1);
        root.GetProperty("parameters").GetProperty("warnings").GetString()!.ShouldContain("did not see");
        root.TryGetProperty("id", out _).ShouldBeFalse();
    }

    [Fact]
    public void WriteMetadata_NamesInputsAndOutputs()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            InferenceWriter.WriteMetadata(writer, new ServingModel(Card(), 3, SumModel));
        }

        Text(buffer).ShouldBe("""{"name":"flights","versions":["3"],"platform":"onnx_onnxv1","inputs":[{"name":"speed","datatype":"FP32","shape":[-1]},{"name":"altitude","datatype":"FP32","shape":[-1]},{"name":"carrier","datatype":"BYTES","shape":[-1]}],"outputs":[{"name":"decision","datatype":"BYTES","shape":[-1]},{"name":"probability","datatype":"FP32","shape":[-1]},{"name":"inferenceId","datatype":"BYTES","shape":[-1]}]}""");
    }

    [Fact]
    public void Read_MutatedBodies_AnswersRowsOrAProblem()
    {
        byte[] seed = """{"id":"42","inputs":[{"name":"speed","shape":[2],"datatype":"FP32","data":[1.5,null]},{"name":"altitude","shape":[2,1],"datatype":"INT64","data":[[2],[-300]]},{"name":"carrier","shape":[2],"datatype":"BYTES","data":["DL","AA"]}],"outputs":[{"name":"probability"}]}"""u8.ToArray();
        var random = new Random(8128);
        var limits = new ScoringLimits(4096, 64, 8);
        var batch = new ScoringBatch();
        for (int i = 0; i < 20_000; i++)
        {
            List<byte> body = [.. seed];
            for (int edits = random.Next(1, 5); edits > 0; edits--)
            {
                int at = random.Next(body.Count);
                if (random.Next(2) == 0)
                {
                    body[at] = "{}[]\",:-019ntf"u8[random.Next(14)];
                }
                else
                {
                    body.RemoveRange(at, Math.Min(body.Count - at - 1, random.Next(1, 12)));
                }
            }

            batch.Reset(Signature, 3, limits);
            ScoringProblem? problem = InferenceReader.Read(body.ToArray(), batch, limits, Outputs, new InferenceRequest());
            (problem?.Status ?? 400).ShouldBeInRange(400, 499);
        }
    }

    private static string Answer(string body, out ScoringProblem? problem)
    {
        ScoringBatch batch = NewBatch();
        var request = new InferenceRequest();
        problem = InferenceReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default, Outputs, request);
        if (problem is not null)
        {
            return "";
        }

        batch.Predict(SumModel);
        var buffer = new ArrayBufferWriter<byte>();
        InferenceWriter.Write(buffer, batch, new ServingModel(Card(), 3, SumModel), request, new RowIds(batch, default, "p."u8, 0));
        return Text(buffer);
    }
}
