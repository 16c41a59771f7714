using System.IO.Compression;
using System.Text;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.Tests.Reading;

public class TableReaderTests
{
    /// <summary>Cells of a file, rows separated by / and cells by |; the first row is the header.</summary>
    [Theory]
    [InlineData("plain", "a,b\n1,x\n2,y\n", "a|b/1|x/2|y")]
    [InlineData("no line end at the end", "a,b\n1,x\n2,y", "a|b/1|x/2|y")]
    [InlineData("carriage returns", "a,b\r\n1,x\r\n2,\"y\"\r\n", "a|b/1|x/2|y")]
    [InlineData("old Mac line ends", "a,b\r1,x\r2,y\r", "a|b/1|x/2|y")]
    [InlineData("semicolons", "a;b\n1;x,1\n2;y,2\n", "a|b/1|x,1/2|y,2")]
    [InlineData("decimal commas", "a;b\n1,5;x\n2,25;y\n", "a|b/1.5|x/2.25|y")]
    [InlineData("tabs", "a\tb\n1\tx\n", "a|b/1|x")]
    [InlineData("bars", "a|b\n1|x\n", "a|b/1|x")]
    [InlineData("byte order mark", "\uFEFFa,b\n1,x\n", "a|b/1|x")]
    [InlineData("quoted delimiter and line end", "a,b\n\"1\",\"x,\ny\"\n2,z\n", "a|b/1|x,\ny/2|z")]
    [InlineData("doubled quotes", "a,b\n1,\"say \"\"hi\"\"\"\n2,\"\"\"\"\n", "a|b/1|say \"hi\"/2|\"")]
    [InlineData("quote inside a field", "a,b\n1,5\" pipe\n2,6\" pipe\n", "a|b/1|5\" pipe/2|6\" pipe")]
    [InlineData("text after a closing quote", "a,b\n1,\"x\"y\n2,z\n", "a|b/1|xy/2|z")]
    [InlineData("blank lines", "a,b\n\n1,x\n\r\n2,y\n\n", "a|b/1|x/2|y")]
    [InlineData("missing values", "a,b,c\n1,,NA\nNaN,x,null\n", "a|b|c/1||/|x|")]
    [InlineData("blank and repeated names", "a,,a\n1,2,3\n", "a|column2|a_2/1|2|3")]
    [InlineData("no header", "1,2\n3,4\n", "column1|column2/1|2/3|4")]
    [InlineData("one column", "a\n1\n2\n", "a/1/2")]
    [InlineData("title before the table", "Report of May\n\na,b\n1,x\n2,y\n", "a|b/1|x/2|y")]
    [InlineData("spaces around", " a , b \n 1 , x \n", "a|b/1|x")]
    [InlineData("only quoted", "\"a\",\"b\"\n\"1\",\"x\"\n", "a|b/1|x")]
    [InlineData("wide characters", "a,b\n1,żółć\n2,日本\n", "a|b/1|żółć/2|日本")]
    [InlineData("leading zeros stay", "zip,b\n00501,x\n10001,y\n", "zip|b/00501|x/10001|y")]
    public async Task ReadAsync_RealWorldCsv_GivesTheCells(string what, string text, string cells)
    {
        var table = await Tables.ReadAsync(text);
        string found = string.Join('/', new[] { string.Join('|', table.Names) }.Concat(table.Rows.Select(r => string.Join('|', r))));
        found.ShouldBe(cells, what);
        table.Rejected.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("2024-01-02", "2024-01-02")]
    [InlineData("2024/01/02", "2024-01-02")]
    [InlineData("2024-01-02 03:04", "2024-01-02T03:04:00Z")]
    [InlineData("2024-01-02T03:04:05.123456789Z", "2024-01-02T03:04:05.123456Z")]
    [InlineData("2024-01-02T03:04:05+02:00", "2024-01-02T01:04:05Z")]
    [InlineData("2024-02-29", "2024-02-29")]
    [InlineData("12/31/2024", "2024-12-31")]
    [InlineData("31.12.2024", "2024-12-31")]
    public async Task ReadAsync_Times_AreUnderstood(string text, string expected)
    {
        var table = await Tables.ReadAsync($"t,x\n{text},1\n{text},2\n");
        table.Types[0].ShouldBe(ColumnType.Timestamp);
        table.Rows[1][0].ShouldBe(expected);
    }

    [Theory]
    [InlineData("1,5")]
    [InlineData("x")]
    [InlineData("2024-02-30")]
    [InlineData("--5")]
    [InlineData("1e999")]
    [InlineData("1_000")]
    public async Task ReadAsync_NotANumber_SetsTheRowAside(string value)
    {
        string quoted = $"\"{value}\"";
        var table = await Tables.ReadAsync($"a,b\n1.5,x\n{quoted},y\n2.5,z\n", change: c => c.Name == "a" ? c with { Type = ColumnType.Number, DecimalComma = false } : c);
        table.Rejected.ShouldHaveSingleItem().ShouldBe(new RejectedRow(3, "a", "type", value, "a number"));
        table.Rows.Count.ShouldBe(2);
    }

    [Fact]
    public async Task ReadAsync_QuoteNeverClosed_LosesOneRowOnly()
    {
        var table = await Tables.ReadAsync("a,b\n1,x\n2,\"open\n3,z\n4,w\n");
        table.Rejected.ShouldHaveSingleItem().Rule.ShouldBe("quote");
        table.Rejected[0].Line.ShouldBe(3);
        table.Rows.Select(r => r[0]).ShouldBe(["1", "3", "4"]);
    }

    [Theory]
    [InlineData("1,234;12,500;999", ',', ColumnType.Category, "grouped thousands")]
    [InlineData("1,234;12,500;999", ';', ColumnType.Number, null)]
    [InlineData("1,25;12,5;999", ',', ColumnType.Number, null)]
    [InlineData("$1,234.50;$12.00;$7", ',', ColumnType.Category, "grouped thousands")]
    [InlineData("1.234,56;12,50;999", ';', ColumnType.Category, "grouped thousands")]
    [InlineData("12%;3.5 %;100%", ',', ColumnType.Category, "percent sign")]
    [InlineData("€ 12;-€3.50;(€7)", ',', ColumnType.Category, "currency sign")]
    [InlineData("10.1.2.3;192.168.10.1;127.0.0.1", ',', ColumnType.Category, null)]
    [InlineData("555-1234;A7;7B", ',', ColumnType.Category, null)]
    [InlineData("01/02/2024;03/04/2024;12/12/2024", ',', ColumnType.Timestamp, "day and month cannot be told apart")]
    [InlineData("01/02/2024;03/04/2024;13/12/2024", ',', ColumnType.Timestamp, null)]
    public async Task OpenAsync_NumbersAndDatesAsPeopleWriteThem_AreReadOrToldOf(string values, char delimiter, ColumnType type, string? caution)
    {
        string text = $"v{delimiter}w\n" + string.Concat(values.Split(';').Select(v => $"\"{v}\"{delimiter}x\n"));
        var table = await Tables.ReadAsync(text);
        table.Types[0].ShouldBe(type);
        table.Notes.Count.ShouldBe(caution is null ? 0 : 1, string.Join("; ", table.Notes));
        table.Notes.ShouldAllBe(n => n.StartsWith("column 'v': ") && n.Contains(caution!));
    }

    [Theory]
    [InlineData("\n<!DOCTYPE html>\n<html><body>a,b</body></html>\n", "an HTML page")]
    [InlineData("<HTML><body>a,b</body></HTML>", "an HTML page")]
    [InlineData("\uFEFF<?xml version=\"1.0\"?><rows/>", "an XML document")]
    public async Task OpenAsync_Markup_IsRefusedByName(string text, string kind)
    {
        var fault = await Should.ThrowAsync<UnreadableFileException>(() => Tables.ReadAsync(text));
        (fault.Code, fault.Message).ShouldBe((FileFaults.Unsupported, fault.Message));
        fault.Message.ShouldContain(kind);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OpenAsync_Utf16WithoutAMark_IsRefusedWithTheFix(bool bigEndian)
    {
        byte[] bytes = new UnicodeEncoding(bigEndian, byteOrderMark: false).GetBytes("town,y\nOslo,1\nLyon,0\n");
        (await Should.ThrowAsync<UnreadableFileException>(() => Tables.ReadAsync(bytes))).Message.ShouldContain("UTF-16 without a byte order mark");
    }

    [Fact]
    public async Task ReadAsync_Utf16AndInvalidUtf8_AreRead()
    {
        var utf16 = Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("a,b\n1,é\n")).ToArray();
        (await Tables.ReadAsync(utf16)).Rows[0][1].ShouldBe("é");

        var latin = await Tables.ReadAsync(Encoding.Latin1.GetBytes("a,b\n1,é\n2,x\n"));
        latin.Rows[0][1].ShouldBe("\uFFFD");
        latin.InvalidUtf8.ShouldBe(1);
    }

    [Fact]
    public async Task ReadAsync_Zip_IsUnpacked()
    {
        var packed = new MemoryStream();
        using (var zip = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry("folder/a.csv").Open();
            entry.Write("a,b\n1,x\n"u8);
        }

        (await Tables.ReadAsync(packed.ToArray())).Rows.ShouldHaveSingleItem().ShouldBe(["1", "x"]);
    }

    [Fact]
    public async Task OpenAsync_DecompressionBomb_IsStopped()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write("a,b\n"u8);
            byte[] line = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("1,1\n", 250_000)));
            for (int i = 0; i < 80; i++)
            {
                gzip.Write(line);
            }
        }

        await using var reader = await TableReader.OpenAsync(
            new MemoryStream(packed.ToArray()), new TableReaderOptions { Limits = new ReadLimits { MaxExpansion = 50 } }, CancellationToken.None);
        var fault = await Should.ThrowAsync<UnreadableFileException>(async () =>
        {
            await foreach (var group in reader.ReadAsync(new ReadPlan { Schema = new TableSchema([new ColumnSchema("a", ColumnType.Integer)]) }, CancellationToken.None))
            {
                group.RejectedCount.ShouldBe(0);
            }
        });
        fault.Code.ShouldBe(FileFaults.Limit);
    }

    [Fact]
    public async Task ReadAsync_ChunksAndCores_DoNotChangeTheResult()
    {
        var random = new Random(11);
        var text = new StringBuilder("id,x,c,when,note\n");
        for (int i = 0; i < 4000; i++)
        {
            string note = random.Next(4) switch { 0 => "\"a,\n\"\"b\"\"\"", 1 => "", 2 => $"5\" n{i}", _ => $"plain {i}" };
            text.Append($"{i},{(random.Next(200) == 0 ? "bad" : random.NextDouble().ToString("R"))},c{random.Next(30)},2024-01-{random.Next(1, 29):00},{note}\n");
        }

        var whole = await Tables.ReadAsync(text.ToString(), parallelism: 1);
        whole.RowCount.ShouldBe(4000);
        whole.RejectedCount.ShouldBeGreaterThan(5);
        foreach (int chunk in new[] { 300, 1000, 4096, 65_536 })
        {
            foreach (int cores in new[] { 1, 3 })
            {
                var cut = await Tables.ReadAsync(text.ToString(), chunk, cores, change: c => new ColumnSchema(c.Name, whole.Types[Array.IndexOf(whole.Names, c.Name)]));
                cut.Id.ShouldBe(whole.Id, $"chunks of {chunk} bytes, {cores} cores");
                cut.Rejected.ShouldBe(whole.Rejected);
            }
        }
    }
}
