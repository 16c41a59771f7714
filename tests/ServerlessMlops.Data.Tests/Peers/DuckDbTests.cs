using System.Text;
using System.Text.Json;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;
using ServerlessMlops.Data.Tests.Reading;

namespace ServerlessMlops.Data.Tests.Peers;

/// <summary>Files read as DuckDB reads them, all cells as text. Where we differ, <see cref="NastyFiles"/> has both readings and why.</summary>
public class DuckDbTests
{
    private sealed record Reading(string[]? Columns, string[][]? Rows, string? Error)
    {
        public override string ToString() => Error is not null ? "refused" : string.Join('/', new[] { string.Join('|', Columns!) }.Concat(Rows!.Select(r => string.Join('|', r))));
    }

    [PeersFact]
    public async Task ReadAsync_CsvSpectrum_GivesDuckDbsCellsAndTheCorpussOwn()
    {
        string corpus = Path.Combine(NodePeers.Folder, "node_modules", "csv-spectrum");
        string[] files = Directory.GetFiles(Path.Combine(corpus, "csvs")).Order(StringComparer.Ordinal).ToArray();
        files.Length.ShouldBe(12);
        Reading[] theirs = NodePeers.Run<Reading[]>("csv.mjs", files);
        foreach (var (file, reading) in files.Zip(theirs))
        {
            string name = Path.GetFileNameWithoutExtension(file);
            Reading ours = await ReadAsync(await File.ReadAllBytesAsync(file));
            ours.ToString().ShouldBe(reading.ToString(), name);

            // Of this one the corpus's own JSON has another telephone number than its CSV.
            if (name != "location_coordinates")
            {
                var expected = JsonSerializer.Deserialize<Dictionary<string, string>[]>(await File.ReadAllTextAsync(Path.Combine(corpus, "json", name + ".json")))!;
                ours.Rows!.Select(row => string.Join('|', row)).ShouldBe(expected.Select(row => string.Join('|', ours.Columns!.Select(c => row[c]))), name);
            }
        }
    }

    [PeersFact]
    public async Task ReadAsync_NastyFiles_GiveDuckDbsCellsOrTheWrittenDifference()
    {
        string folder = Directory.CreateTempSubdirectory("mlops-nasty-").FullName;
        try
        {
            var cases = NastyFiles.All;
            string[] files = [.. cases.Select((c, i) => Path.Combine(folder, $"{i}.csv"))];
            foreach (var (file, nasty) in files.Zip(cases))
            {
                await File.WriteAllBytesAsync(file, nasty.Bytes);
            }

            Reading[] theirs = NodePeers.Run<Reading[]>("csv.mjs", files);
            var found = new StringBuilder();
            var written = new StringBuilder();
            foreach (var (nasty, reading) in cases.Zip(theirs))
            {
                Reading ours = await ReadAsync(nasty.Bytes);
                found.Append($"{nasty.What}: {Visible(ours)} <> {Visible(reading)}\n");
                written.Append($"{nasty.What}: {nasty.Ours ?? Visible(reading)} <> {nasty.DuckDb ?? Visible(reading)}\n");
            }

            found.ToString().ShouldBe(written.ToString());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Visible(Reading reading) => Short(reading.ToString()).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal);

    private static string Short(string text) => text.Length <= 300 ? text : $"{text[..100]}... {text.Length} characters, hash {Columns.Utf8Hash.Of(Encoding.UTF8.GetBytes(text))}";

    private static async Task<Reading> ReadAsync(byte[] bytes)
    {
        try
        {
            var table = await Tables.ReadAsync(bytes, change: c => c with { Type = ColumnType.Text });
            string rejected = table.RejectedCount > 0 ? $" ({table.RejectedCount} rejected)" : "";
            return new Reading([.. table.Names[..^1], table.Names[^1] + rejected], [.. table.Rows], null);
        }
        catch (UnreadableFileException fault)
        {
            return new Reading(null, null, fault.Message);
        }
    }
}
