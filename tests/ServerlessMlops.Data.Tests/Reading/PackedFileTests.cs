using System.Text;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.Tests.Reading;

public class PackedFileTests
{
    private static readonly byte[] First = Packing.Gzip(Encoding.UTF8.GetBytes("a,b\n" + Rows(0, 2000)));
    private static readonly byte[] Second = Packing.Gzip(Encoding.UTF8.GetBytes(Rows(2000, 3000)));
    private static readonly byte[] Third = Packing.Gzip(Encoding.UTF8.GetBytes(Rows(5000, 10)));

    private static string Rows(int from, int count)
    {
        var random = new Random(from);
        return string.Concat(Enumerable.Range(from, count).Select(i => $"{i},{random.NextDouble():R}\n"));
    }

    private static async Task<long> CountAsync(Stream source)
    {
        await using var reader = await TableReader.OpenAsync(source, new TableReaderOptions { Name = "a.csv.gz" }, CancellationToken.None);
        await foreach (RowGroup _ in reader.ReadAsync(new ReadPlan { Schema = new TableSchema([.. reader.Columns.Select(c => c.Schema)]) }, CancellationToken.None))
        {
        }

        return reader.RowCount;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(1 << 20)]
    public async Task ReadAsync_GzipOfSeveralMembers_IsReadToItsEndHoweverTheSourceDelivers(int mostPerRead)
    {
        (await CountAsync(new Packing.Dribble([.. First, .. Second, .. Third], mostPerRead))).ShouldBe(5010);
        (await CountAsync(new Packing.Dribble([.. First, .. Second, .. Packing.Gzip([])], mostPerRead))).ShouldBe(5000);
        (await CountAsync(new Packing.Dribble(First, mostPerRead))).ShouldBe(2000);
    }

    [Fact]
    public async Task ReadAsync_GzipCutOffAnywhere_IsSaid()
    {
        byte[] members = [.. First, .. Second, .. Third];
        var random = new Random(8);
        for (int i = 0; i < 60; i++)
        {
            int length = i < 20 ? members.Length - 1 - i : random.Next(20, members.Length);
            if (length == First.Length || length == First.Length + Second.Length)
            {
                continue;
            }

            var fault = await Should.ThrowAsync<UnreadableFileException>(() => CountAsync(new MemoryStream(members[..length])), $"cut to {length} of {members.Length} bytes");
            fault.Code.ShouldBe(FileFaults.Damaged, fault.Message);
        }
    }

    [Theory]
    [InlineData(8, "the checksum")]
    [InlineData(4, "the length")]
    [InlineData(2000, "the content")]
    public async Task ReadAsync_GzipWithAWrongByte_IsSaid(int fromEnd, string what)
    {
        byte[] damaged = [.. First];
        damaged[^fromEnd] ^= 0x55;
        var fault = await Should.ThrowAsync<UnreadableFileException>(() => CountAsync(new MemoryStream(damaged)), what);
        fault.Code.ShouldBe(FileFaults.Damaged, fault.Message);
    }

    [Fact]
    public async Task ReadAsync_Utf16InGzip_IsRead() =>
        (await CountAsync(new MemoryStream(Packing.Gzip(Packing.Pack("a,b\n1,é\n2,ü\n", "utf-16"))))).ShouldBe(2);

    [Fact]
    public async Task OpenAsync_Zstandard_IsRefusedInOneSentence()
    {
        byte[] zstd = [0x28, 0xB5, 0x2F, 0xFD, 0x24, 0x08, 0x41, 0x00, 0x00, (byte)'a', (byte)',', (byte)'b', (byte)'\n', (byte)'1', (byte)',', (byte)'2', (byte)'\n'];
        var fault = await Should.ThrowAsync<UnreadableFileException>(() => CountAsync(new MemoryStream(zstd)));
        (fault.Code, fault.Message).ShouldBe((FileFaults.Unsupported,
            "the file is compressed with Zstandard, which .NET 10 cannot unpack. CSV, TSV and JSON Lines are read, plain or in gzip or zip: convert it to one of them."));
    }

    [Fact]
    public async Task OpenAsync_ZipOfTwoFiles_SaysHowMany()
    {
        var fault = await Should.ThrowAsync<UnreadableFileException>(() => CountAsync(new MemoryStream(Packing.Zip(("a.csv", "a\n1\n"), ("b.csv", "a\n2\n")))));
        fault.Message.ShouldStartWith("the zip archive holds 2 files; exactly one is expected.");
    }
}
