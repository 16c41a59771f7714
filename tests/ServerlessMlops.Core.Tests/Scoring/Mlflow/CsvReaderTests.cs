using System.Text;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.Mlflow;

public class CsvReaderTests
{
    [Theory]
    [InlineData("speed,altitude,carrier\n1.5,2,DL\n,-300,AA\n")]
    [InlineData("\"carrier\",speed,\"altitude\"\r\n\"DL\",1.5,2\r\n\r\n\"AA\",NaN, -3e2 ")]
    [InlineData("\uFEFFspeed,altitude,carrier\n1.5,2,DL\nnull,-300,AA")]
    public void Read_Rows_AsJsonWould(string body)
    {
        ScoringBatch batch = NewBatch();
        CsvReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Rows.ShouldBe(2);
        RowOf(batch, 0).ShouldBe([1.5f, 2, 1]);
        RowOf(batch, 1).ShouldBe([float.NaN, -300, 0]);
    }

    [Fact]
    public void Read_WordsOfUploads_MeanWhatTheyMeantInTraining()
    {
        ScoringBatch batch = NewBatch();
        CsvReader.Read("speed,altitude,carrier\nyes,No,N/A\nTRUE,f,null\nNA,#N/A,DL\n"u8, batch, ScoringLimits.Default).ShouldBeNull();
        RowOf(batch, 0).ShouldBe([1, 0, -1]);
        RowOf(batch, 1).ShouldBe([1, 0, -1]);
        RowOf(batch, 2).ShouldBe([float.NaN, float.NaN, 1]);
        batch.Findings().ShouldBeEmpty();
    }

    [Fact]
    public void Read_QuotedFields_UnquotesThem()
    {
        ScoringBatch batch = NewBatch();
        CsvReader.Read("speed,altitude,carrier,flight_id\n1,2,\"Æro \"\"x\"\"\",\"a,b\nc\"\n1,,,\n"u8, batch, ScoringLimits.Default).ShouldBeNull();
        RowOf(batch, 0).ShouldBe([1, 2, 2]);
        Encoding.UTF8.GetString(batch.Key(0)).ShouldBe("a,b\nc");
        RowOf(batch, 1).ShouldBe([1, float.NaN, -1]);
        batch.Key(1).IsEmpty.ShouldBeTrue();
    }

    [Theory]
    [InlineData("", "The body is empty")]
    [InlineData("speed,altitude,carrier\n1,2,\"DL\n", "does not end")]
    [InlineData("speed,altitude,carrier\n1,2,\"DL\"x\n", "neither a delimiter nor the end")]
    [InlineData("speed,carrier\n1,DL\n", "'altitude' is missing")]
    [InlineData("speed,altitude,carrier\n1,2\n", "more or fewer values than the 3 columns")]
    [InlineData("speed,altitude,carrier\nfast,2,DL\n", "is not a number")]
    public void Read_Faults_AreNamed(string body, string expected)
    {
        ScoringProblem? problem = CsvReader.Read(Encoding.UTF8.GetBytes(body), NewBatch(), ScoringLimits.Default);
        problem.ShouldNotBeNull().Status.ShouldBe(400);
        problem.Detail.ShouldContain(expected);
    }
}
