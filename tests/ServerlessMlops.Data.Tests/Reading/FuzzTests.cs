using System.Text;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.Tests.Reading;

/// <summary>Random files with fixed seeds: no crash, no hang, and rows in = rows kept + rows set aside (checked by <see cref="Tables"/>).</summary>
public class FuzzTests
{
    private static readonly string[] Pieces =
        [",", ",", ",", "\n", "\n", "\"", "\"\"", "\r\n", "\r", ";", "\t", "1", "2.5", "-3e4", "abc", "x y", "2024-01-02", "true", "NA", "é", "\u0085", "{", "}", "[", ":", "\\", "0", "\"a\":", "null"];

    [Theory]
    [InlineData("a.csv", "a,b,c\n")]
    [InlineData("a.csv", "")]
    [InlineData("a.tsv", "a\tb\n")]
    [InlineData("a.jsonl", "{\"a\":1,\"b\":\"x\"}\n")]
    public async Task ReadAsync_RandomText_NeverCrashesAndCutsDoNotMatter(string name, string head)
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var text = new StringBuilder(head);
            for (int i = random.Next(1, 200); i > 0; i--)
            {
                text.Append(Pieces[random.Next(Pieces.Length)]);
            }

            var one = await TryRead(text.ToString(), 4 << 20, name);
            var cut = await TryRead(text.ToString(), 400 + random.Next(400), name);
            if (one is not null && cut is not null && one.Types.SequenceEqual(cut.Types) && one.Names.SequenceEqual(cut.Names))
            {
                cut.Id.ShouldBe(one.Id, $"seed {seed}: {text}");
                cut.RowCount.ShouldBe(one.RowCount, $"seed {seed}");
            }
        }
    }

    [Fact]
    public async Task ReadAsync_RandomBytes_NeverCrash()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(1, 3000)];
            random.NextBytes(bytes);
            if (seed % 2 == 0)
            {
                for (int i = 0; i < bytes.Length; i++)
                {
                    bytes[i] = bytes[i] < 9 ? (byte)',' : bytes[i] < 32 ? (byte)'\n' : bytes[i];
                }
            }

            bytes[0] = seed % 5 == 0 ? (byte)0x1F : bytes[0];
            bytes[^1] = (byte)'\n';
            try
            {
                await Tables.ReadAsync(bytes, 500);
            }
            catch (UnreadableFileException fault)
            {
                fault.Message.ShouldNotBeNullOrEmpty();
            }
        }
    }

    private static async Task<Tables.Whole?> TryRead(string text, int chunk, string name, Func<Columns.ColumnSchema, Columns.ColumnSchema>? change = null)
    {
        try
        {
            return await Tables.ReadAsync(text, chunk, name: name, change: change);
        }
        catch (UnreadableFileException)
        {
            return null;
        }
    }

    /// <summary>What is counted without the reader's help is what it counts: lines that are not blank, where nothing is quoted.</summary>
    [Theory]
    [InlineData("a.csv", "a,b,c\n")]
    [InlineData("a.jsonl", "{\"a\":1,\"b\":\"x\"}\n")]
    public async Task ReadAsync_RandomLines_CountsEachOnce(string name, string head)
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var lines = Enumerable.Range(0, random.Next(1, 60)).Select(_ => string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Pieces[random.Next(Pieces.Length)]))
                .Replace("\n", "").Replace("\r", "").Replace("\"\"", "").Replace("\"", "")).ToList();
            string text = head + string.Join('\n', lines);
            bool json = name.EndsWith("jsonl", StringComparison.Ordinal);
            if (await TryRead(text, 200 + random.Next(400), name, json ? null : c => c with { Type = Columns.ColumnType.Text }) is { } whole && (json || whole.Names.SequenceEqual(["a", "b", "c"])))
            {
                // A blank line of CSV is empty; of JSON Lines it may hold spaces.
                long expected = lines.Count(l => json ? l.Trim(' ', '\t').Length > 0 : l.Length > 0) + (json ? 1 : 0);
                whole.RowCount.ShouldBe(expected, $"seed {seed}: {text}");
            }
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zip")]
    [InlineData("utf-16")]
    public async Task ReadAsync_DamagedPackedFile_NeverCrashesAndNeverLosesRowsSilently(string packing)
    {
        string text = "a,b\n" + string.Concat(Enumerable.Range(0, 300).Select(i => $"{i},name {i % 7}\n"));
        byte[] whole = Packing.Pack(text, packing);
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            byte[] damaged = seed % 3 == 0 ? whole[..random.Next(1, whole.Length)] : [.. whole];
            for (int k = random.Next(1, 4); k > 0 && seed % 3 != 0; k--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                var table = await Tables.ReadAsync(damaged, 500);
                if (packing == "gzip")
                {
                    // What is read although something was changed is whole: checksum and length have been looked at.
                    table.RowCount.ShouldBe(300, $"seed {seed}");
                }
            }
            catch (UnreadableFileException fault)
            {
                fault.Message.ShouldNotBeNullOrEmpty();
            }
        }
    }
}
