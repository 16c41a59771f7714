using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Core.Scoring.OpenInference;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.Mlflow;

/// <summary>Whatever a body holds, the readers answer: with rows, or with a problem of 4xx. Nothing escapes.</summary>
public class RequestFuzzTests
{
    private static readonly ScoringSignature Lenient = new(Card(), SumModel, new ScoringRules(new ScoringSpec
    {
        OnExtra = ExtraPolicy.Reject,
        Columns = new Dictionary<string, ColumnScoringSpec>
        {
            ["speed"] = new() { OnMissing = UnfitPolicy.Missing, OnWrongType = UnfitPolicy.Missing, OnNull = NullPolicy.Warn },
            ["carrier"] = new() { OnMissing = UnfitPolicy.Missing, OnWrongType = UnfitPolicy.Missing, OnUnknown = UnknownPolicy.Missing },
        },
    }));

    private static readonly IReadOnlyList<string> Outputs = Signature.OutputTensors;

    private static readonly string[] Seeds =
    [
        """{"dataframe_split":{"columns":["speed","altitude","carrier","flight_id","inferenceId"],"data":[[1.5,2,"DL","k","i1"],[null,-3e2,"\u0041A",7,"i2"]]}}""",
        """{"dataframe_records":[{"speed":1.5,"altitude":2,"carrier":"DL"},{"carrier":"AA","speed":null,"altitude":-300.0,"x":{"y":[1,2]}}],"params":{"a":1}}""",
        """{"instances":[[1.5,2,"DL"],{"speed":1,"altitude":2,"carrier":"AA"}]}""",
        """{"inputs":{"speed":[1.5,null],"carrier":["DL","AA"],"altitude":[[2],[-300]]}}""",
        "speed,altitude,carrier,flight_id\r\n1.5,2,\"D\"\"L\",k1\r\n,-300,AA,k2\n",
        """{"id":"42","inputs":[{"name":"speed","shape":[2],"datatype":"FP32","data":[1.5,null]},{"name":"altitude","shape":[2,1],"datatype":"INT64","data":[[2],[-300]]},{"name":"carrier","shape":[2],"datatype":"BYTES","data":["DL","AA"]}],"outputs":[{"name":"decision"}]}""",
        """{"inputs":[{"data":[[1.5,2,"DL"],[null,-300,"AA"]],"datatype":"FP32","shape":[2,3],"name":"input-0","parameters":{"content_type":"np"}}],"parameters":{"explain":false}}""",
        """{"speed":1.5,"altitude":2,"carrier":"DL","inferenceId":"i1"}""" + "\n" + """{"speed":null,"altitude":-3e2,"carrier":"AA"}""",
    ];

    [Fact]
    public void Read_MutatedBodies_AnswersRowsOrAProblem()
    {
        var random = new Random(20020401);
        byte[] alphabet = "{}[]\",:.-+eE0123456789nulltruefalse\\u\n\r \0\u007F"u8.ToArray();
        var batch = new ScoringBatch();
        var limits = new ScoringLimits(4096, 64, 8);
        int answered = 0;
        for (int i = 0; i < 80_000; i++)
        {
            byte[] body = Mutate(Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]), random, alphabet);
            batch.Reset((i & 4) == 0 ? Signature : Lenient, 3, limits);
            ScoringProblem? problem = (i & 3) switch
            {
                0 => InvocationReader.Read(body, batch, limits),
                1 => CsvReader.Read(body, batch, limits),
                2 => InferenceReader.Read(body, batch, limits, Outputs, new InferenceRequest()),
                _ => RecordLinesReader.Read(body, batch, limits),
            };
            if (problem is null)
            {
                answered++;
                batch.Predict(SumModel);
                batch.Outputs.Length.ShouldBe(batch.Rows);
                batch.Findings().ShouldAllBe(f => !f.IsError);
            }
            else
            {
                problem.Status.ShouldBeInRange(400, 499);
                using var stream = new MemoryStream();
                using (var writer = new Utf8JsonWriter(stream))
                {
                    problem.WriteTo(writer, "/models/flights/invocations");
                }

                JsonDocument.Parse(stream.ToArray()).RootElement.GetProperty("status").GetInt32().ShouldBe(problem.Status);
            }
        }

        answered.ShouldBeGreaterThan(100, "the mutations leave some bodies well-formed");
    }

    private static byte[] Mutate(byte[] seed, Random random, byte[] alphabet)
    {
        var body = seed.ToList();
        for (int edits = random.Next(1, 6); edits > 0 && body.Count > 0; edits--)
        {
            int at = random.Next(body.Count);
            switch (random.Next(6))
            {
                case 0:
                    body[at] = (byte)random.Next(256);
                    break;
                case 1:
                    body.RemoveRange(at, Math.Min(random.Next(1, 9), body.Count - at));
                    break;
                case 2:
                    body.Insert(at, alphabet[random.Next(alphabet.Length)]);
                    break;
                case 3:
                    body.InsertRange(at, body.GetRange(at, Math.Min(random.Next(1, 40), body.Count - at)));
                    break;
                case 4:
                    body.RemoveRange(at, body.Count - at);
                    break;
                default:
                    body.InsertRange(at, Enumerable.Repeat((byte)(random.Next(2) == 0 ? '[' : '{'), random.Next(1, 30)));
                    break;
            }
        }

        return [.. body];
    }
}
