using System.Text;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;
using ServerlessMlops.Data.Snapshots;

namespace ServerlessMlops.Data.Tests.Peers;

/// <summary>Arrow parts opened by other readers.</summary>
public class ArrowReadersTests
{
    private sealed record Field(string Name, string Type);

    private sealed record Seen(Field[] Columns, string?[][] Rows, string[] PolarsColumns, string?[][] PolarsRows);

    [PeersFact]
    public async Task Write_PartOfEveryType_OpensInApacheArrowAndPolars()
    {
        var text = new StringBuilder("flag,count,share,name,at,note,never\n");
        for (int i = 0; i < 3000; i++)
        {
            text.Append(i % 7 == 0 ? ",,,,,,\n" : $"{(i % 2 == 0 ? "true" : "false")},{i * 1_000_003L},{i / 8.0:R},c{i % 40},2024-01-{i % 28 + 1:00}T03:04:05.25Z,a longer note in row {i} é,\n");
        }

        string file = Path.GetTempFileName();
        try
        {
            await WriteAsync(text.ToString(), file);
            var seen = NodePeers.Run<Seen>("arrow.mjs", file);

            seen.Columns.ShouldBe(
                [new("flag", "Bool"), new("count", "Int64"), new("share", "Float64"), new("name", "Dictionary<Int32, Utf8>"), new("at", "Timestamp<MICROSECOND, UTC>"), new("note", "Utf8"), new("never", "Dictionary<Int32, Utf8>")]);
            seen.PolarsColumns.ShouldBe(["flag", "count", "share", "name", "at", "note", "never"]);
            seen.Rows.Length.ShouldBe(3000);
            foreach (var rows in new[] { seen.Rows, seen.PolarsRows })
            {
                foreach (int i in (int[])[1, 8, 2998])
                {
                    rows[i].ShouldBe(
                        [i % 2 == 0 ? "true" : "false", $"{i * 1_000_003L}", (i / 8.0).ToString("R"), $"c{i % 40}", $"2024-01-{i % 28 + 1:00}T03:04:05.250Z", $"a longer note in row {i} é", null], $"row {i}");
                }

                rows[7].ShouldAllBe(cell => cell == null);
                rows.Count(r => r[0] is null).ShouldBe(429);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task WriteAsync(string text, string file)
    {
        await using FileStream output = File.Create(file);
        await using var reader = await TableReader.OpenAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), new TableReaderOptions { Name = "a.csv", ChunkBytes = 20_000 }, CancellationToken.None);
        var schema = new TableSchema([.. reader.Columns.Select(c => c.Schema.Name == "note" ? c.Schema with { Type = ColumnType.Text } : c.Schema)]);
        var writer = new ArrowFileWriter(output, schema);
        await foreach (RowGroup group in reader.ReadAsync(new ReadPlan { Schema = schema }, CancellationToken.None))
        {
            writer.Write(group.Table);
        }

        writer.Finish();
    }
}
