using System.Text;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Snapshots;

namespace ServerlessMlops.Core.Tests.Datasets;

public class DatasetReaderTests
{
    private static readonly ColumnSchema Text = new("note", ColumnType.Text);

    private static byte[] Part(params Column[] columns)
    {
        var stream = new MemoryStream();
        var writer = new ArrowFileWriter(stream, new TableSchema([.. columns.Select(c => c.Schema)]));
        writer.Write(new ColumnTable(columns, columns[0].Length));
        writer.Finish();
        return stream.ToArray();
    }

    private static DatasetManifest Manifest(TableSchema schema, params long[] rows) => new()
    {
        SpecHash = "spec",
        Batches = [.. rows.Select((n, i) => new DatasetBatch($"{i}", n))],
        Schema = schema,
        Split = new SplitRule(SplitKind.Row, null, 0.2),
    };

    private static Task<ColumnTable> Read(DatasetManifest manifest, params byte[][] parts) =>
        DatasetReader.ReadAsync(manifest, (id, _) => Task.FromResult<Stream>(new MemoryStream(parts[int.Parse(id)])), null, CancellationToken.None);

    private static CategoryColumn Names(ColumnSchema schema, params string[] names)
    {
        var dictionary = new CategoryDictionary();
        int[] codes = [.. names.Select(n => n.Length == 0 ? -1 : dictionary.GetOrAdd(Encoding.UTF8.GetBytes(n)))];
        return new CategoryColumn(schema, codes, dictionary, codes.Length);
    }

    [Fact]
    public async Task ReadAsync_PartsOfOtherTypes_Widen()
    {
        var schema = new TableSchema([new("x", ColumnType.Number), new("c", ColumnType.Category), Text, new("b", ColumnType.Boolean)]);
        byte[] first = Part(
            new IntegerColumn(new("x", ColumnType.Integer), [1, IntegerColumn.Missing], 2),
            Names(new("c", ColumnType.Category), "red", ""),
            new TextColumn(Text, [0, 2, 2], "hi"u8.ToArray(), 2),
            new BooleanColumn(new("b", ColumnType.Boolean), [1, BooleanColumn.Missing], 2));
        byte[] second = Part(
            new NumberColumn(new("x", ColumnType.Number), [2.5], 1),
            new TextColumn(new("c", ColumnType.Text), [0, 3], "red"u8.ToArray(), 1),
            Names(new("note", ColumnType.Category), "said"));

        var table = await Read(Manifest(schema, 2, 1), first, second);

        Enumerable.Range(0, 3).Select(r => string.Join('|', table.Columns.Select(c => c.TextAt(r)))).ShouldBe(["1|red|hi|true", "|||", "2.5|red|said|"]);
        ((CategoryColumn)table["c"]).Dictionary.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(3, "The batches have 2 rows; the manifest says 3 and does not fit its batches.")]
    [InlineData(1, "Batch 0 has more than the 1 rows that the manifest says; the manifest does not fit its batches.")]
    public async Task ReadAsync_OtherNumberOfRowsThanTheManifest_SaysSo(int rows, string message)
    {
        byte[] part = Part(new IntegerColumn(new("x", ColumnType.Integer), [1, 2], 2));
        var fault = await Should.ThrowAsync<InvalidDataException>(() => Read(Manifest(new TableSchema([new("x", ColumnType.Integer)]), rows), part));
        fault.Message.ShouldBe(message);
    }

    [Fact]
    public async Task ReadAsync_MoreRowsThanATableHolds_IsRefusedBeforeReading()
    {
        var fault = await Should.ThrowAsync<InvalidDataException>(() => Read(Manifest(new TableSchema([Text]), 3_000_000_000)));
        fault.Message.ShouldBe($"The data set has 3,000,000,000 rows; one table in memory holds at most {Array.MaxLength:N0}. Shorten the 'window' of the spec.");
    }

    [Fact]
    public void Append_MoreTextThanAColumnHolds_SaysWhatToDo()
    {
        var assembler = new TextAssembler(Text, 3, maxBytes: 5);
        assembler.Append(new TextColumn(Text, [0, 4], "four"u8.ToArray(), 1), 1);
        Should.Throw<InvalidDataException>(() => assembler.Append(new TextColumn(Text, [0, 4], "more"u8.ToArray(), 1), 1)).Message.ShouldBe(
            "Column 'note' has more than 5 bytes of text over the batches of the data set; one column in memory holds at most so many. Leave it out ('columns: { note: ignore }'), or shorten the 'window' of the spec.");
    }

    [Fact]
    public async Task ReadAsync_TypeThatDoesNotWiden_SaysWhichColumn()
    {
        byte[] part = Part(new NumberColumn(new("x", ColumnType.Number), [1.5], 1));
        var fault = await Should.ThrowAsync<InvalidDataException>(() => Read(Manifest(new TableSchema([new("x", ColumnType.Integer)]), 1), part));
        fault.Message.ShouldBe("Column 'x' is Number in a batch where the data set wants Integer; the manifest does not fit its batches.");
    }
}
