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

    private static async Task<Tables.Whole?> TryRead(string text, int chunk, string name)
    {
        try
        {
            return await Tables.ReadAsync(text, chunk, name: name);
        }
        catch (UnreadableFileException)
        {
            return null;
        }
    }
}
