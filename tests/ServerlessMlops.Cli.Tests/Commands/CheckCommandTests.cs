using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace ServerlessMlops.Cli.Tests.Commands;

/// <summary><c>mlops check</c> on local files, without any service.</summary>
public sealed class CheckCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static string Rows(int count) => "id,speed,when,phase,damaged\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"k{i},{i % 90}.5,2024-01-{i % 28 + 1:00},{(i % 3 == 0 ? "climb" : "taxi")},{(i % 4 == 0 ? "yes" : "no")}\n"));

    [Fact]
    public async Task Check_GoodFile_ShowsColumnsStatisticsAndRowsKept()
    {
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("birds.csv", Rows(200)));

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("birds.csv: CSV, comma");
        outcome.Output.ShouldContain("accepted: 200 rows kept, 0 rejected");
        foreach (string word in (string[])["identifier", "number", "timestamp", "category", "boolean", "0.5", "2024-01-28", "taxi 133", "target"])
        {
            outcome.Output.ShouldContain(word);
        }

        outcome.Output.ShouldContain("classes of damaged: false 75%, true 25%");
    }

    [Fact]
    public async Task Check_WithSpec_ListsRejectedRowsWithLineAndReason()
    {
        string spec = Write("birds.yaml", "target: damaged\nkey: id\nrejectTolerance: 0.5\nexpect: [ {column: speed, between: [0, 60]} ]\n");
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("birds.csv", Rows(80)), "--spec", spec);

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("accepted: 60 rows kept, 20 rejected");
        outcome.Output.ShouldContain("62,speed,between,60.5,0 to 60");
        outcome.Output.ShouldContain("warning ROWS_REJECTED");
    }

    [Fact]
    public async Task Check_Json_IsOneObjectForPrograms()
    {
        string spec = Write("birds.yaml", "target: damaged\nrejectTolerance: 0.5\nexpect: [ {column: speed, between: [0, 60]} ]\n");
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("birds.csv", Rows(80)), "--spec", spec, "--json");

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        JsonElement json = JsonDocument.Parse(outcome.Output).RootElement;
        json.GetProperty("seconds").GetDouble().ShouldBeGreaterThan(0);
        JsonElement result = json.GetProperty("result");
        (result.GetProperty("verdict").GetString(), result.GetProperty("rowsKept").GetInt64(), result.GetProperty("rowsRejected").GetInt64()).ShouldBe(("accepted", 60, 20));
        result.GetProperty("batchId").GetString()!.Length.ShouldBe(64);
        JsonElement rejection = result.GetProperty("rejections")[0];
        (rejection.GetProperty("column").GetString(), rejection.GetProperty("rule").GetString(), rejection.GetProperty("count").GetInt64()).ShouldBe(("speed", "between", 20));
        JsonElement profile = result.GetProperty("profile");
        profile.GetProperty("duplicateRows").GetInt64().ShouldBe(0);
        JsonElement speed = profile.GetProperty("columns").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "speed");
        speed.GetProperty("max").GetDouble().ShouldBe(59.5);
        outcome.Output.ShouldNotContain("registers", Case.Insensitive, "what merging needs is no statistic");
    }

    [Fact]
    public async Task Check_AgainstAnEarlierFile_HoldsItToItsTypesAndSaysWhatDiffers()
    {
        string before = Write("june.csv", Rows(400));
        string after = Write("july.csv", Rows(400).Replace("climb", "cruise", StringComparison.Ordinal));
        CliOutcome outcome = await CliRunner.RunAsync("check", after, "--against", before);
        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("phase: 'climb' 33.5% -> 0%, 'cruise' 0% -> 33.5%");
        outcome.Output.ShouldContain("ENUM_TYPE_UNEXPECTED_STRING_VALUES: 'phase' has 1 new name (cruise).");
        outcome.Output.ShouldContain("no --spec: 'damaged' counts as the target");
        (await CliRunner.RunAsync("check", before, "--against", before)).Output.ShouldContain("no difference worth saying");

        CliOutcome retyped = await CliRunner.RunAsync("check", Write("august.csv", Rows(400).Replace(".5,", ".5 kn,", StringComparison.Ordinal)), "--against", before, "--json");
        retyped.ExitCode.ShouldBe(ExitCode.Failed);
        JsonElement result = JsonDocument.Parse(retyped.Output).RootElement.GetProperty("result");
        result.GetProperty("findings")[0].GetProperty("code").GetString().ShouldBe("FLOAT_TYPE_STRING_NOT_FLOAT");
        result.GetProperty("evidence").GetProperty("phase").GetString().ShouldBe("as in earlier uploads");
    }

    [Fact]
    public async Task Check_ManyRejectedRows_WritesThemAllWhereAskedOneLineEach()
    {
        string spec = Write("birds.yaml", "target: damaged\nrejectTolerance: 0.5\nexpect: [ {column: speed, between: [0, 60]}, {column: note, matches: ^ok$} ]\n");
        string text = "id,speed,note,damaged\n" + string.Concat(Enumerable.Range(0, 90).Select(i => $"k{i},{i}.5,{(i == 3 ? "\"two\nlines\"" : "ok")},{(i % 4 == 0 ? "yes" : "no")}\n"));
        string rejected = Path.Combine(_folder.Path, "out.csv");
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("birds.csv", text), "--spec", spec, "--rejected", rejected);

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("10 of 31 reasons");
        string[] lines = await File.ReadAllLinesAsync(rejected);
        (lines.Length, lines[0], lines[1]).ShouldBe((32, "line,column,rule,value,expected", "5,note,matches,two\\nlines,text that matches ^ok$"));
        (await CliRunner.RunAsync("check", Path.Combine(_folder.Path, "birds.csv"), "--spec", spec)).Output.ShouldContain("--rejected FILE writes all");
    }

    [Fact]
    public async Task Check_CommaAtTheEndOfEachLine_IsNotTakenForTheTarget()
    {
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("trailing.csv", "a,b,\n" + string.Concat(Enumerable.Range(0, 90).Select(i => $"{i},{i % 3},\n"))));
        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Output);
        outcome.Output.ShouldContain("no --spec: 'b' counts as the target");
    }

    [Fact]
    public async Task Check_TooManyBadRows_FailsAndSaysHowMany()
    {
        string spec = Write("birds.yaml", "target: damaged\nexpect: [ {column: speed, between: [0, 10], mostly: 0.9} ]\n");
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("birds.csv", Rows(80)), "--spec", spec);

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Output.ShouldContain("rejected: 10 rows could be kept, 70 not");
        outcome.Output.ShouldContain("error EXPECTATION_FAILED");
        outcome.Output.ShouldContain("at least 90% must");
    }

    [Theory]
    [InlineData("empty.csv", "", "FILE_EMPTY")]
    [InlineData("header.csv", "a,b\n", "FILE_NO_ROWS")]
    [InlineData("array.json", "[{\"a\": 1}]", "FILE_UNSUPPORTED")]
    [InlineData("binary.csv", "\u0001\u0002\u0003\u0004\0\0\0", "FILE_BINARY")]
    public async Task Check_FileThatIsNoTable_FailsWithItsCode(string name, string text, string code)
    {
        CliOutcome outcome = await CliRunner.RunAsync("check", Write(name, text));

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Output.ShouldContain($"error {code}");
    }

    [Fact]
    public async Task Check_PackedAndJsonLines_AreReadTheSame()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Rows(50)));
        }

        (await CliRunner.RunAsync("check", Write("birds.csv.gz", packed.ToArray()))).Output.ShouldContain("CSV, comma, gzip");
        string lines = string.Concat(Enumerable.Range(0, 30).Select(i => $"{{\"speed\": {i}.5, \"damaged\": {(i % 2 == 0 ? "true" : "false")}}}\n"));
        (await CliRunner.RunAsync("check", Write("birds.jsonl", lines))).Output.ShouldContain("accepted: 30 rows kept, 0 rejected");
    }

    [Fact]
    public async Task Check_NoSuchFileOrBadSpec_SaysSo()
    {
        CliOutcome missing = await CliRunner.RunAsync("check", Path.Combine(_folder.Path, "none.csv"));
        missing.ExitCode.ShouldBe(ExitCode.Usage);
        missing.Error.ShouldContain("There is no file");

        CliOutcome bad = await CliRunner.RunAsync("check", Write("birds.csv", Rows(5)), "--spec", Write("birds.yaml", "targt: damaged\n"));
        bad.ExitCode.ShouldBe(ExitCode.Failed);
        bad.Error.ShouldContain("'target'");
    }
}
