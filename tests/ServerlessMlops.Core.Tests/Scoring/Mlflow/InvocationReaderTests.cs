using System.Text;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.Mlflow;

public class InvocationReaderTests
{
    private static readonly float[] First = [1.5f, 2, 1];
    private static readonly float[] Second = [float.NaN, -3e2f, 0];

    [Theory]
    [InlineData("""{"dataframe_split":{"columns":["speed","altitude","carrier"],"data":[[1.5,2,"DL"],[null,-3e2,"AA"]]}}""")]
    [InlineData("""{"dataframe_split":{"index":[0,1],"data":[["DL",1.5,2],["AA",null,-300]],"columns":["carrier","speed","altitude"]}}""")]
    [InlineData("""{"dataframe_records":[{"speed":1.5,"altitude":2,"carrier":"DL"},{"carrier":"AA","speed":null,"altitude":-300.0}]}""")]
    [InlineData("""{"instances":[{"speed":1.5,"altitude":2,"carrier":"DL"},{"speed":null,"altitude":-300,"carrier":"\u0041A"}]}""")]
    [InlineData("""{"instances":[[1.5,2,"DL"],[null,-300,"AA"]]}""")]
    [InlineData("""{"inputs":{"speed":[1.5,null],"carrier":["DL","AA"],"altitude":[[2],[-300]]}}""")]
    [InlineData("""{"inputs":[[1.5,2,"DL"],[null,-300,"AA"]],"params":null}""")]
    [InlineData(" \r\n{ \"params\" : { } , \"instances\" : [ [ 1.5 , 2 , \"DL\" ] ,\n[ null , -300 , \"AA\" ] ] } \n")]
    [InlineData("\uFEFF{\"instances\":[[1.5,2,\"DL\"],[null,-300,\"AA\"]]}")]
    public void Read_EachFormat_GivesTheSameRows(string body)
    {
        ScoringBatch batch = NewBatch();
        InvocationReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Rows.ShouldBe(2);
        RowOf(batch, 0).ShouldBe(First);
        RowOf(batch, 1).ShouldBe(Second);
        batch.Findings().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("7", "The body is a number")]
    [InlineData("[7]", "Row 0 of \"body\" is a number")]
    [InlineData("[[1,2,\"AA\"]", "not JSON")]
    [InlineData("{}", "none of the input fields")]
    [InlineData("""{"instances":[],"inputs":[]}""", "both \"instances\" and \"inputs\"")]
    [InlineData("""{"instances":[],"instances":[]}""", "\"instances\" twice")]
    [InlineData("""{"instances":[[1,2,"AA"]]} x""", "not JSON")]
    [InlineData("""{"instances":[[1,2,"AA"]""", "not JSON")]
    [InlineData("""{"instances":[[NaN,2,"AA"]]}""", "NaN and Infinity are not JSON")]
    [InlineData("""{"instances":[[1,2,"\ud800"]]}""", "surrogate")]
    [InlineData("""{"instances":[1]}""", "expected an object by column name, or an array of 3 values")]
    [InlineData("""{"instances":7}""", "\"instances\" is a number")]
    [InlineData("""{"params":7,"instances":[]}""", "\"params\" is a number")]
    [InlineData("""{"dataframe_split":[]}""", "\"dataframe_split\" is an array")]
    [InlineData("""{"dataframe_split":{"columns":["speed"]}}""", "has no \"data\"")]
    [InlineData("""{"dataframe_split":{"data":[]}}""", "has no \"columns\"")]
    [InlineData("""{"dataframe_split":{"columns":[1],"data":[]}}""", "Column 0 of \"columns\" is a number")]
    [InlineData("""{"dataframe_split":{"columns":["speed","altitude","carrier"],"data":[7]}}""", "Row 0 of \"data\" is a number")]
    [InlineData("""{"dataframe_records":[[1]]}""", "Row 0 of \"dataframe_records\" is an array")]
    [InlineData("""{"inputs":{"speed":[1,2],"altitude":[1]}}""", "has 1 value(s) where the columns before have 2")]
    public void Read_NotOfTheProtocol_SaysWhatWasFoundAndExpected(string body, string expected)
    {
        ScoringProblem? problem = InvocationReader.Read(Encoding.UTF8.GetBytes(body), NewBatch(), ScoringLimits.Default);
        problem.ShouldNotBeNull().Status.ShouldBe(400);
        problem.Detail.ShouldContain(expected);
    }

    [Fact]
    public void Read_DataThatDoesNotFit_GivesAllFindingsAtOnce()
    {
        ScoringBatch batch = NewBatch();
        ScoringProblem? problem = InvocationReader.Read(
            """
            {"dataframe_split":{"columns":["speed","carrier","carrier","tail","delayed","flight_id","inferenceId"],
             "data":[["fast","ZZ","AA",1,true,"k1","id 1"],[1e39,{"a":[1]},"AA",2,false,"k2","ok"],[1],[1,"QQ","AA",2,false,"k3",null]]},
             "params":{"temperature":1}}
            """u8,
            batch,
            ScoringLimits.Default);

        problem.ShouldNotBeNull().Code.ShouldBe("signature-mismatch");
        problem.Findings.Select(f => (f.Code, f.Column, f.FirstRow, f.Count)).ShouldBe(
            [
                (FindingCode.WrongType, "speed", 0, 1),
                (FindingCode.OutOfRange, "speed", 1, 1),
                (FindingCode.WrongType, "carrier", 1, 1),
                (FindingCode.RowLength, "", 2, 1),
                (FindingCode.InvalidInferenceId, "inferenceId", 0, 1),
                (FindingCode.DuplicateColumn, "carrier", null, 4),
                (FindingCode.MissingColumn, "altitude", null, 4),
                (FindingCode.UnknownCategory, "carrier", 0, 2),
                (FindingCode.ExtraColumn, "tail", null, 4),
                (FindingCode.TargetColumn, "delayed", null, 4),
                (FindingCode.IgnoredParameter, "temperature", null, 4),
            ],
            ignoreOrder: false);
        problem.Findings.TakeWhile(f => f.IsError).Count().ShouldBe(7);
    }

    [Fact]
    public void Read_RecordsThatLackAKey_CountsTheRowsThatDo()
    {
        ScoringProblem? problem = InvocationReader.Read(
            """{"dataframe_records":[{"speed":1,"altitude":1,"carrier":"AA"},{"speed":1,"carrier":"AA","speed":2}]}"""u8, NewBatch(), ScoringLimits.Default);

        problem.ShouldNotBeNull().Findings.Select(f => (f.Code, f.Column, f.FirstRow)).ShouldBe(
            [(FindingCode.DuplicateColumn, "speed", 1), (FindingCode.MissingColumn, "altitude", 1)]);
    }

    [Fact]
    public void Read_WarningsOnly_ScoresAndTells()
    {
        ScoringBatch batch = NewBatch();
        InvocationReader.Read(
            """{"dataframe_records":[{"speed":true,"altitude":1,"carrier":7,"tail":"N1","flight_id":42,"inference_id":"a.b"}]}"""u8, batch, ScoringLimits.Default).ShouldBeNull();

        RowOf(batch, 0).ShouldBe([1, 1, SumPredictor.UnknownCode]);
        batch.Findings().Select(f => f.Code).ShouldBe([FindingCode.UnknownCategory, FindingCode.ExtraColumn]);
        Encoding.UTF8.GetString(batch.Key(0)).ShouldBe("42");
        Encoding.UTF8.GetString(batch.InferenceId(0)).ShouldBe("a.b");
    }

    [Fact]
    public void Read_OverTheLimits_IsTooLarge()
    {
        byte[] body = """{"instances":[[1,2,"AA"],[1,2,"AA"],[1,2,"AA"]]}"""u8.ToArray();
        InvocationReader.Read(body, NewBatch(new ScoringLimits(1000, 2, 16)), new ScoringLimits(1000, 2, 16))!.Status.ShouldBe(413);
        InvocationReader.Read(body, NewBatch(), new ScoringLimits(10, 10, 16))!.Status.ShouldBe(413);
        InvocationReader.Read(body, NewBatch(), new ScoringLimits(1000, 10, 2))!.Status.ShouldBe(400);
    }

    [Fact]
    public void Read_AgainIntoTheSameBatch_LeavesNothingOfTheRequestBefore()
    {
        ScoringBatch batch = NewBatch();
        InvocationReader.Read("""{"dataframe_records":[{"speed":"x","tail":1,"flight_id":"k","inferenceId":"i"}]}"""u8, batch, ScoringLimits.Default).ShouldNotBeNull();
        batch.Reset(Signature, 3, ScoringLimits.Default);
        InvocationReader.Read("""{"instances":[[1.5,2,"DL"]]}"""u8, batch, ScoringLimits.Default).ShouldBeNull();
        batch.Findings().ShouldBeEmpty();
        batch.Key(0).IsEmpty.ShouldBeTrue();
        batch.InferenceId(0).IsEmpty.ShouldBeTrue();
        RowOf(batch, 0).ShouldBe(First);
    }
}
