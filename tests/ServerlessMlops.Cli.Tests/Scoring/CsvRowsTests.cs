using FsCheck;
using FsCheck.Fluent;
using ServerlessMlops.Cli.Scoring;

namespace ServerlessMlops.Cli.Tests.Scoring;

public class CsvRowsTests
{
    [Fact]
    public void Read_AnyFields_GivesBackWhatWasWritten()
    {
        var field = Gen.Elements("", "a", "x y", "with,comma", "with \"quote\"", "two\nlines", "\r\n", "ünï", " 7 ");
        var tables = field.NonEmptyListOf().Select(l => l.Take(6).ToArray()).SelectMany(
            header => field.ArrayOf(header.Length).NonEmptyListOf().Select(rows => (Header: header, Rows: rows.ToArray())));

        Prop.ForAll(tables.ToArbitrary(), table =>
        {
            // A table of one column cannot say "empty" but with quotes, so the writer always quotes.
            string text = string.Join("\n", table.Rows.Prepend(table.Header).Select(row => string.Join(",", row.Select(Quote))));
            CsvRows read = Read(text, 0, int.MaxValue);
            return read.Header.SequenceEqual(table.Header) && read.Rows.Zip(table.Rows).All(pair => pair.First.SequenceEqual(pair.Second));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Read_SkipAndCount_GivesThoseRows() =>
        Read("h\n1\n2\n3\n4\n", 1, 2).Rows.Select(row => row[0]).ShouldBe(["2", "3"]);

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("a,b\n1\n", "row 1, has 1 fields; the header has 2")]
    [InlineData("a\n\"open\n", "ends inside a quoted field")]
    [InlineData("a\n", "has no rows after the first 0")]
    public void Read_NoRowsToBeHad_SaysWhy(string text, string reason) =>
        Should.Throw<CliException>(() => Read(text, 0, 10)).Message.ShouldContain(reason);

    [Fact]
    public void Read_BinaryFile_SaysItIsNoCsv()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "x.csv");
        File.WriteAllBytes(file, [0x1f, 0x8b, 0xff, 0xfe, 0x00]);

        Should.Throw<CliException>(() => CsvRows.Read(file, 0, 1)).Message.ShouldContain("cannot be read as CSV");
    }

    private static CsvRows Read(string text, int skip, int count)
    {
        using var reader = new StringReader(text);
        return CsvRows.Read(reader, "rows.csv", skip, count);
    }

    private static string Quote(string field) => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
