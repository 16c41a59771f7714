using System.IO.Compression;
using System.Text;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;
using ServerlessMlops.Data.Snapshots;

namespace ServerlessMlops.Core.Tests.Datasets;

public class IngestTests
{
    private static readonly PipelineSpec Spec = new() { Target = "y" };

    private readonly MemoryStream _arrow = new();
    private readonly MemoryStream _rejected = new();

    private Task<BatchResult> Run(string text, PipelineSpec? spec = null, TableSchema? expected = null, string name = "a.csv") =>
        Run(Encoding.UTF8.GetBytes(text), spec, expected, name);

    private Task<BatchResult> Run(byte[] bytes, PipelineSpec? spec = null, TableSchema? expected = null, string name = "a.csv") =>
        Ingest.RunAsync(new MemoryStream(bytes), name, spec ?? Spec, expected, _arrow, _rejected, CancellationToken.None);

    private static PipelineSpec Parsed(string yaml) => PipelineSpecParser.Parse(yaml).Spec!;

    [Fact]
    public async Task RunAsync_GoodFile_IsAcceptedAndReadsBack()
    {
        var result = await Run("id,when,x,carrier,y\n1,2024-01-02,1.5,AA,true\n2,2024-01-03T04:05:06Z,,DL,false\n3,,-2,AA,true\n");

        result.Findings.Where(f => f.Severity > FindingSeverity.Info).ShouldBeEmpty();
        result.Verdict.ShouldBe(BatchVerdict.Accepted);
        result.RowsKept.ShouldBe(3);
        result.Schema!.Columns.Select(c => c.Type).ShouldBe([ColumnType.Integer, ColumnType.Timestamp, ColumnType.Number, ColumnType.Category, ColumnType.Boolean]);
        var table = ArrowFileReader.Open(_arrow).Read(0);
        table["id"].TextAt(2).ShouldBe("3");
        table["when"].TextAt(1).ShouldBe("2024-01-03T04:05:06Z");
        table["when"].IsMissing(2).ShouldBeTrue();
        table["x"].IsMissing(1).ShouldBeTrue();
        table["carrier"].TextAt(1).ShouldBe("DL");
        table["y"].TextAt(1).ShouldBe("false");
    }

    [Fact]
    public async Task RunAsync_SameContentPackedOrNot_HasTheSameId()
    {
        var random = new Random(3);
        var text = new StringBuilder("k,x,c,y\n");
        for (int i = 0; i < 20_000; i++)
        {
            text.Append($"key-{i},{random.NextDouble():R},c{random.Next(50)},{random.Next(2)}\n");
        }

        byte[] plain = Encoding.UTF8.GetBytes(text.ToString());
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(plain);
        }

        string? id = (await Run(plain)).BatchId;
        id.ShouldNotBeNull().Length.ShouldBe(64);
        (await Run(packed.ToArray(), name: "b.csv.gz")).BatchId.ShouldBe(id);
        (await Run(Encoding.UTF8.GetBytes(text.ToString().Replace("\n", "\r\n")))).BatchId.ShouldBe(id);
        (await Run(Encoding.UTF8.GetBytes(text.ToString() + "key-x,1,c1,0\n"))).BatchId.ShouldNotBe(id);
    }

    [Fact]
    public async Task RunAsync_BadRows_GoToTheRejectedFileWithLineAndReason()
    {
        var spec = Spec with { RejectTolerance = 0.5, Columns = new Dictionary<string, ColumnSpec> { ["x"] = new() { Type = ColumnType.Number } } };
        var result = await Run("x,c,y\n1,a,0\nabc,\"two\nlines\",1\n3,c\n4,d,1\n5,e,0\n", spec);

        result.Verdict.ShouldBe(BatchVerdict.Accepted);
        (result.RowsKept, result.RowsRejected).ShouldBe((3, 2));
        Encoding.UTF8.GetString(_rejected.ToArray()).ShouldBe("line,column,rule,value,expected\n3,x,type,abc,a number\n5,,fields,\"3,c\",\"3 fields, found 2\"\n");
    }

    [Theory]
    [InlineData("", FileFaults.Empty)]
    [InlineData("\n \n", FileFaults.Empty)]
    [InlineData("x,y\n", FileFaults.NoRows)]
    [InlineData("x,z\n1,2\n", DataFindingCodes.MissingColumn)]
    [InlineData("[{\"y\":1}]", FileFaults.Unsupported)]
    public async Task RunAsync_UnusableText_IsRejectedWithACode(string text, string code)
    {
        var result = await Run(text);

        result.Verdict.ShouldBe(BatchVerdict.Rejected);
        result.BatchId.ShouldBeNull();
        result.Findings.ShouldContain(f => f.Code == code && f.Severity == FindingSeverity.Error);
    }

    [Fact]
    public async Task RunAsync_BinaryFile_IsRejected()
    {
        byte[] noise = new byte[5000];
        new Random(1).NextBytes(noise);
        (await Run(noise)).Findings[0].Code.ShouldBe(FileFaults.Binary);
    }

    [Fact]
    public async Task RunAsync_TruncatedGzip_IsRejectedAsDamaged()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var random = new Random(1);
            gzip.Write(Encoding.UTF8.GetBytes("x,y\n" + string.Concat(Enumerable.Range(0, 30_000).Select(i => $"{random.Next()},{i % 2}\n"))));
        }

        var result = await Run(packed.ToArray()[..(int)(packed.Length / 2)]);
        result.Verdict.ShouldBe(BatchVerdict.Rejected);
        result.Findings[0].Code.ShouldBe(FileFaults.Damaged);
    }

    [Fact]
    public async Task RunAsync_HeaderOfHundredThousandColumns_IsRejectedByTheLimit()
    {
        string header = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"column{i}"));
        var result = await Run(header + "\n" + new string(',', 99_999) + "\n");
        result.Findings[0].Code.ShouldBe(FileFaults.Limit);
        result.Reason.ShouldBe("the first row has 100,000 columns; at most 10,000 are read. Drop columns, or turn the table so that what is a column now is a row.");
    }

    [Fact]
    public async Task RunAsync_MissingTarget_SaysWhichColumnsThereAre() =>
        (await Run("x,Y1\n1,2\n")).Reason.ShouldBe("column 'y' is missing (it is the target); the file has x, Y1. Did you mean 'Y1'? Add the column, or name another in the spec.");

    [Fact]
    public async Task RunAsync_AnotherDelimiter_IsSaidOnce() =>
        (await Run("id^when^x^y\n1^2024-01-02^3^0\n", Parsed("target: y\nkey: id\ntime: when\n"))).Reason.ShouldBe(
            "the file has one column, 'id^when^x^y', whose name holds those of the 3 that are needed: something else than a comma, semicolon, tab or | separates its columns. Save it with commas.");

    [Fact]
    public async Task RunAsync_NoneOfTheColumns_IsSaidOnce() =>
        (await Run("1,2024-01-02,3\n2,2024-01-03,4\n", Parsed("target: y\nkey: id\ntime: when\n"))).Reason!.ShouldStartWith("none of the columns that are needed (y, id, when) is in the file, which has ");

    [Fact]
    public async Task RunAsync_ManyFaults_ReasonTellsThreeAndTheReportAll()
    {
        var result = await Run("y\n1\n", Parsed("target: y\nkey: a\ntime: b\ncolumns: {c: category, d: category, e: category}\nexpect: [{column: f, unique: true}]\n"));

        result.Findings.Count.ShouldBe(6);
        result.Reason!.ShouldStartWith("column 'a' is missing (it is the key); the file has y. Add the column, or name another in the spec. ");
        result.Reason!.ShouldEndWith(" 3 more faults stand in the run's report.");
        result.Findings.ShouldContain(f => f.Column == "c" && f.Message.EndsWith("Add the column, or say 'columns: { c: ignore }' if it is gone for good."));
        result.Findings.ShouldContain(f => f.Column == "f" && f.Message.EndsWith("or take the expectation out of the spec."));
    }

    [Fact]
    public async Task RunAsync_HeaderAlone_SaysThatRowsAreMissing() =>
        (await Run("when,y\n", Parsed("target: y\ntime: when\n"))).Reason.ShouldBe("the file has a header and no row. Upload a file with rows.");

    [Fact]
    public async Task RunAsync_DecimalsLateInAnIntegerColumn_AreReadAsNumbers()
    {
        var text = new StringBuilder("x,y\n");
        for (int i = 0; i < 700_000; i++)
        {
            text.Append(i % 100_000).Append(',').Append(i % 2).Append('\n');
        }

        text.Append("0.5,1\n");
        var result = await Run(text.ToString());
        result.Schema!.Find("x")!.Type.ShouldBe(ColumnType.Number);
        (result.RowsKept, result.RowsRejected).ShouldBe((700_001, 0));
    }

    [Fact]
    public async Task RunAsync_Expectations_AreJudged()
    {
        var spec = Spec with
        {
            RejectTolerance = 0.5,
            Expect =
            [
                new Expectation { Column = "x", Between = ["0", "10"] },
                new Expectation { Column = "c", In = ["a", "b"], Severity = ExpectationSeverity.Warning },
                new Expectation { Column = "k", Unique = true },
                new Expectation { Column = "c", Matches = "^[a-z]$" },
                new Expectation { Column = "x", MaxNullShare = 0.1 },
                new Expectation { Rows = new RowCountExpectation { AtLeast = 4 } },
            ],
        };
        var result = await Run("k,x,c,y\n1,5,a,0\n1,6,b,1\n2,50,a,0\n3,,z,1\n4,1,Q,1\n5,2,a,0\n", spec);

        result.Rejections.ShouldBe([new("c", "matches", 1), new("k", "unique", 1), new("x", "between", 1)], ignoreOrder: true);
        (result.RowsKept, result.RowsRejected).ShouldBe((3, 3));
        result.Verdict.ShouldBe(BatchVerdict.Rejected);
        result.Findings.Where(f => f.Severity == FindingSeverity.Error).Select(f => f.Message).ShouldBe(
            ["3 rows are kept; the spec expects at least 4 (rows).", "33.33% of 'x' is missing; the spec allows 10% (maxNullShare)."], ignoreOrder: true);
        result.Findings.ShouldContain(f => f.Code == DataFindingCodes.Expectation && f.Column == "c" && f.Severity == FindingSeverity.Warning);
    }

    [Fact]
    public async Task RunAsync_LaterUpload_IsCheckedAgainstEarlierSchema()
    {
        var first = await Run("a,b,c,y\n1,x,2.5,0\n2,y,3.5,1\n");
        var result = await Run("y,b,a,d,c\n0,x,oops,7,1\n1,y,no,8,2\n", expected: first.Schema);

        result.Verdict.ShouldBe(BatchVerdict.Rejected);
        result.Findings.Select(f => (f.Code, f.Column)).ShouldBe([(DataFindingCodes.NotInteger, "a"), (DataFindingCodes.NewColumn, "d")]);
        result.Schema!.Columns.Select(c => c.Name).ShouldBe(["a", "b", "c", "y", "d"]);
    }

    [Fact]
    public async Task RunAsync_JsonLines_AreRead()
    {
        var result = await Run("{\"x\":1,\"in\":{\"c\":\"a\\u00e9\"},\"y\":true}\n{\"y\":false,\"x\":2.5,\"tags\":[1,2]}\nnot json\n", Spec with { RejectTolerance = 0.5 }, name: "a.jsonl");

        result.Schema!.Columns.Select(c => (c.Name, c.Type)).ShouldBe(
            [("x", ColumnType.Number), ("in.c", ColumnType.Category), ("y", ColumnType.Boolean), ("tags", ColumnType.Category)]);
        (result.RowsKept, result.RowsRejected).ShouldBe((2, 1));
        ArrowFileReader.Open(_arrow).Read(0)["in.c"].TextAt(0).ShouldBe("aé");
    }
}
