using System.Text;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using ServerlessMlops.Data.Reading;
using ServerlessMlops.Data.Snapshots;

namespace ServerlessMlops.Data.Tests.Reading;

/// <summary>Reads small files whole, as text cells.</summary>
internal static class Tables
{
    public sealed record Whole(string[] Names, ColumnType[] Types, List<string[]> Rows, List<RejectedRow> Rejected, long RowCount, long RejectedCount, string Id, DatasetProfile Profile, IReadOnlyList<string> Notes, long InvalidUtf8);

    public static Task<Whole> ReadAsync(string text, int chunkBytes = 4 << 20, int parallelism = 2, string name = "a.csv", string? target = null, Func<ColumnSchema, ColumnSchema>? change = null) =>
        ReadAsync(Encoding.UTF8.GetBytes(text), chunkBytes, parallelism, name, target, change);

    public static async Task<Whole> ReadAsync(byte[] bytes, int chunkBytes = 4 << 20, int parallelism = 2, string name = "a.csv", string? target = null, Func<ColumnSchema, ColumnSchema>? change = null)
    {
        await using var reader = await TableReader.OpenAsync(
            new MemoryStream(bytes),
            new TableReaderOptions { Name = name, ChunkBytes = chunkBytes, Parallelism = parallelism },
            CancellationToken.None);
        var schema = new TableSchema([.. reader.Columns.Select(c => change?.Invoke(c.Schema) ?? c.Schema)]);
        using var hasher = new ContentHasher(schema);
        var rows = new List<string[]>();
        var rejected = new List<RejectedRow>();
        await foreach (var group in reader.ReadAsync(new ReadPlan { Schema = schema, Profile = true, Target = target }, CancellationToken.None))
        {
            hasher.Add(group.Table);
            rejected.AddRange(group.Rejected);
            for (int row = 0; row < group.Table.RowCount; row++)
            {
                rows.Add([.. group.Table.Columns.Select(c => c.TextAt(row))]);
            }
        }

        rows.Count.ShouldBe((int)(reader.RowCount - reader.RejectedCount), "rows in = rows kept + rows set aside");
        return new Whole([.. schema.Columns.Select(c => c.Name)], [.. schema.Columns.Select(c => c.Type)], rows, rejected, reader.RowCount, reader.RejectedCount, hasher.Finish(), reader.Profile!.Build(), reader.Notes, reader.InvalidUtf8);
    }
}
