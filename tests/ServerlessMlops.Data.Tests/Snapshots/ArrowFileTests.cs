using System.Text;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Snapshots;

namespace ServerlessMlops.Data.Tests.Snapshots;

public class ArrowFileTests
{
    private static readonly TableSchema Schema = new(
    [
        new("b", ColumnType.Boolean), new("i", ColumnType.Integer), new("n", ColumnType.Number), new("c", ColumnType.Category), new("t", ColumnType.Timestamp), new("s", ColumnType.Text),
    ]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Read_WhatWasWritten_ComesBack(int rows)
    {
        var (stream, tables) = Write(rows);
        var reader = ArrowFileReader.Open(stream);

        reader.Schema.ShouldBe(Schema);
        var read = reader.ReadAll().ToList();
        Cells(read).ShouldBe(Cells(tables));
        Cells(reader.ReadAll(["c", "n"])).ShouldBe(tables.SelectMany(t => Enumerable.Range(0, t.RowCount).Select(r => $"{t["n"].TextAt(r)}|{t["c"].TextAt(r)}")));
    }

    [Fact]
    public void Open_DamagedFile_SaysSo()
    {
        byte[] whole = Write(50).Stream.ToArray();
        var random = new Random(4);
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = random.Next(3) == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            for (int k = random.Next(4); k > 0 && damaged.Length > 0; k--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                Cells(ArrowFileReader.Open(new MemoryStream(damaged)).ReadAll()).ShouldNotBeNull();
            }
            catch (Exception fault) when (fault is InvalidDataException or OverflowException or EndOfStreamException or ArgumentOutOfRangeException)
            {
                fault.Message.ShouldNotBeNullOrEmpty();
            }
        }
    }

    private static List<string> Cells(IEnumerable<ColumnTable> tables) =>
        [.. tables.SelectMany(t => Enumerable.Range(0, t.RowCount).Select(r => string.Join('|', t.Columns.Select(c => c.TextAt(r)))))];

    private static (MemoryStream Stream, List<ColumnTable> Tables) Write(int rows)
    {
        var stream = new MemoryStream();
        var writer = new ArrowFileWriter(stream, Schema);
        var names = new CategoryDictionary();
        var tables = new List<ColumnTable>();
        var random = new Random(rows);
        foreach (int count in new[] { rows, rows / 3 })
        {
            var offsets = new int[count + 1];
            var text = new List<byte>();
            for (int row = 0; row < count; row++)
            {
                text.AddRange(Encoding.UTF8.GetBytes(random.Next(4) == 0 ? "" : $"é{row}"));
                offsets[row + 1] = text.Count;
            }

            T[] Make<T>(Func<T> value, T missing) => [.. Enumerable.Range(0, count).Select(_ => random.Next(5) == 0 ? missing : value())];
            tables.Add(new ColumnTable(
                [
                    new BooleanColumn(Schema.Columns[0], Make(() => (byte)random.Next(2), BooleanColumn.Missing), count),
                    new IntegerColumn(Schema.Columns[1], Make(() => random.NextInt64(), IntegerColumn.Missing), count),
                    new NumberColumn(Schema.Columns[2], Make(random.NextDouble, double.NaN), count),
                    new CategoryColumn(Schema.Columns[3], Make(() => names.GetOrAdd(Encoding.UTF8.GetBytes($"name {random.Next(40)}")), -1), names, count),
                    new TimestampColumn(Schema.Columns[4], Make(() => random.NextInt64(2_000_000_000_000_000), TimestampColumn.Missing), count),
                    new TextColumn(Schema.Columns[5], offsets, [.. text], count),
                ],
                count));
            writer.Write(tables[^1]);
        }

        writer.Finish();
        return (stream, tables);
    }
}
