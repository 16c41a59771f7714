using System.Text;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.Mlflow;

/// <summary>The quick reading and the general one agree, on every body and on every fault.</summary>
public class MatrixScannerTests
{
    private const string Head = """{"dataframe_split":{"columns":["speed","altitude","carrier","flight_id"],"data":""";

    [Theory]
    [InlineData("""[[1.5,-2,"AA","k"]]""", true)]
    [InlineData("""[ [ 1.5e-05 , null , "QQ" , null ] , [ 12345678901234567890123 , 0 , "" , "k2" ] ] """, true)]
    [InlineData("[]", true)]
    [InlineData("""[[1,2,"A\u0041","k"]]""", false)]
    [InlineData("""[[1,2,7,"k"]]""", false)]
    [InlineData("""[[true,2,"AA","k"]]""", false)]
    [InlineData("""[[01,2,"AA","k"]]""", false)]
    [InlineData("""[[1.,2,"AA","k"]]""", false)]
    [InlineData("""[[1e,2,"AA","k"]]""", false)]
    [InlineData("""[[+1,2,"AA","k"]]""", false)]
    [InlineData("""[["x",2,"AA","k"]]""", false)]
    [InlineData("""[[1,2,"AA"]]""", false)]
    [InlineData("""[[1,2,"AA","k",5]]""", false)]
    [InlineData("""[[1,2,"AA","k"],]""", false)]
    [InlineData("""[[1,2,"AA","k"] [1,2,"AA","k"]]""", false)]
    [InlineData("[[1,2,\"A\nA\",\"k\"]]", false)]
    public void Read_AMatrix_IsScannedWhereItIsPlainAndReadAlikeAnyway(string data, bool scanned)
    {
        Same(Head + data + "}}", out bool wasScanned);
        wasScanned.ShouldBe(scanned);
    }

    [Fact]
    public void Read_AMistakeAfterTheMatrix_IsPlacedExactly()
    {
        ScoringProblem? problem = Same(Head + "\n[[1,2,\"AA\",\"k\"],\n[1,2,\"AA\",\"k\"]]\n}} x", out _);
        problem!.Detail.ShouldContain("line 4, byte 4");
    }

    [Fact]
    public void Read_MutatedMatrices_Agree()
    {
        byte[] seed = Encoding.UTF8.GetBytes(Head + """[[1.5,-2e3,"AA","k"],[null,0.25,"QQ","k2"],[3,4,"DL",null]]}}""");
        var random = new Random(99);
        for (int i = 0; i < 20_000; i++)
        {
            List<byte> body = [.. seed];
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                int at = random.Next(Head.Length, body.Count);
                if (random.Next(3) == 0)
                {
                    body.RemoveAt(at);
                }
                else
                {
                    body[at] = "[]{}\",.-+e019 n\\tu"u8[random.Next(18)];
                }
            }

            Same(Encoding.UTF8.GetString([.. body]), out _);
        }
    }

    private static ScoringProblem? Same(string body, out bool wasScanned)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        ScoringBatch quick = NewBatch();
        ScoringProblem? problem = InvocationReader.Read(bytes, quick, ScoringLimits.Default);
        wasScanned = quick.WasScanned;
        ScoringBatch general = NewBatch();
        general.MayScan = false;
        ScoringProblem? expected = InvocationReader.Read(bytes, general, ScoringLimits.Default);
        problem?.Detail.ShouldBe(expected?.Detail, body);
        (problem is null).ShouldBe(expected is null, body);
        if (problem is null)
        {
            quick.Features.ToArray().ShouldBe(general.Features.ToArray());
            quick.CategoryCodes.ToArray().ShouldBe(general.CategoryCodes.ToArray());
            quick.Findings().ShouldBe(general.Findings());
            for (int row = 0; row < quick.Rows; row++)
            {
                quick.Key(row).SequenceEqual(general.Key(row)).ShouldBeTrue(body);
            }
        }

        return problem;
    }
}
