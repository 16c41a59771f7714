using System.Buffers;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Bulk;
using ServerlessMlops.Functions.Scoring.Bulk;

namespace ServerlessMlops.Functions.Tests.Scoring.Bulk;

public class BulkTextTests
{
    private static readonly Upload File = new("flights/rows.csv", "0x1");

    [Theory]
    [InlineData("speed;tail\n1;a\n", false, BulkFormat.Csv, ';', "speed;tail", 11)]
    [InlineData("\uFEFFspeed,\"ta\nil\"\r\n1,a\n", false, BulkFormat.Csv, ',', "speed,\"ta\nil\"", 18)]
    [InlineData("\uFEFFspeed\ttail\n", true, BulkFormat.Csv, '\t', "speed\ttail", 14)]
    [InlineData("\uFEFF{\"speed\":1}\n", false, BulkFormat.JsonLines, ',', "", 3)]
    [InlineData("{\"speed\":1}", true, BulkFormat.JsonLines, ',', "", 0)]
    public async Task Open_ByContent_KnowsFormatDelimiterAndFirstRow(string text, bool isPacked, BulkFormat format, char delimiter, string header, long start)
    {
        BulkJob job = (await BulkText.OpenAsync(File, 1, new OneFile(isPacked ? Pack(text) : Encoding.UTF8.GetBytes(text)), DateTimeOffset.UnixEpoch, default)).ShouldNotBeNull();
        (job.Format, job.Delimiter, job.Header, job.StartOffset, job.IsPacked).ShouldBe((format, delimiter, header, start, isPacked));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Read_FromTheBeginningOfAnyPiece_GivesTheSamePieces(bool isPacked)
    {
        string text = "speed,tail\n" + string.Concat(Enumerable.Range(0, 900).Select(i => i % 7 == 0 ? $"{i},\"a\n\"\"b{i}\"\r\n" : $"{i},{new string('x', i % 50)}\n"));
        byte[] content = isPacked ? Pack(text) : Encoding.UTF8.GetBytes(text);
        var store = new OneFile(content);
        BulkJob job = (await BulkText.OpenAsync(File, 1, store, DateTimeOffset.UnixEpoch, default)).ShouldNotBeNull();
        List<(long Offset, string Piece)> whole = await PiecesAsync(job, content, job.StartOffset);
        whole.Count.ShouldBeGreaterThan(20);
        string.Concat(whole.Select(p => p.Piece)).ShouldBe(text["speed,tail\n".Length..]);
        for (int i = 0; i < whole.Count; i += 5)
        {
            (await PiecesAsync(job, content, whole[i].Offset)).ShouldBe(whole[i..]);
        }
    }

    [Fact]
    public async Task Score_AFileOfAnySize_HoldsAPieceOfIt()
    {
        // A hundred megabytes as they come, with an answer for each row.
        const long Size = 100L << 20;
        var model = new ServingModel(FakeModels.CardOf(1), 1, new VersionedPredictor(1));
        var job = new BulkJob(File, 1, BulkFormat.Csv, false, "speed,tail", ',', 0, DateTimeOffset.UnixEpoch);
        await using var text = new BulkText(job, new Endless(Size), 1 << 20);
        var scorer = new BulkScorer(job, model);
        long rows = 0, pieces = 0;
        var answers = new ArrayBufferWriter<byte>();
        while (await text.ReadAsync(default) is { IsEmpty: false } piece)
        {
            answers.ResetWrittenCount();
            rows += scorer.Score(piece.Span, rows + 1, null, answers).Rows;
            piece.Length.ShouldBeLessThanOrEqualTo(1 << 20);
            pieces++;
        }

        rows.ShouldBe(Size / Endless.RowBytes);
        pieces.ShouldBeGreaterThanOrEqualTo(100);
        answers.Capacity.ShouldBeLessThan(4 << 20, "what is held is the text and the answers of one piece");
    }

    private static async Task<List<(long Offset, string Piece)>> PiecesAsync(BulkJob job, byte[] content, long offset)
    {
        await using var text = new BulkText(job, new MemoryStream(job.IsPacked ? content : content[(int)offset..]), 1024);
        if (job.IsPacked)
        {
            await text.SkipAsync(offset, default);
        }

        var pieces = new List<(long, string)>();
        while (await text.ReadAsync(default) is { IsEmpty: false } piece)
        {
            pieces.Add((offset, Encoding.UTF8.GetString(piece.Span)));
            offset += piece.Length;
        }

        return pieces;
    }

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    /// <summary>A store of one file.</summary>
    private sealed class OneFile(byte[] content) : IBulkStore
    {
        public Task<Stream?> OpenAsync(Upload file, long offset, CancellationToken cancellation) => Task.FromResult<Stream?>(new MemoryStream(content[(int)offset..]));

        public Task StageAsync(BulkJob job, int piece, ReadOnlyMemory<byte> bytes, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<DateTimeOffset?> CommitAsync(BulkJob job, int pieces, DateTimeOffset at, CancellationToken cancellation) => throw new NotSupportedException();

        public Task WriteSummaryAsync(BulkJob job, ReadOnlyMemory<byte> json, CancellationToken cancellation) => throw new NotSupportedException();

        public async IAsyncEnumerable<ListedUpload> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.CompletedTask;
            yield break;
        }
    }

    /// <summary>Rows of one length, made as they are read.</summary>
    private sealed class Endless(long size) : Stream
    {
        public const int RowBytes = 256;

        private static readonly byte[] Row = Encoding.UTF8.GetBytes("30," + new string('x', RowBytes - 4) + "\n");
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => size;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = (int)Math.Min(Math.Min(count, RowBytes - (_position % RowBytes)), size - _position);
            Row.AsSpan((int)(_position % RowBytes), read).CopyTo(buffer.AsSpan(offset));
            _position += read;
            return read;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            byte[] whole = new byte[Math.Min(buffer.Length, RowBytes)];
            int read = Read(whole, 0, whole.Length);
            whole.AsSpan(0, read).CopyTo(buffer.Span);
            return ValueTask.FromResult(read);
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
