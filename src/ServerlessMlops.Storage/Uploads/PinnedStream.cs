using Azure;
using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Storage.Uploads;

/// <summary>A read-only stream over one version of a blob that says so when the version was replaced half-way.</summary>
internal sealed class PinnedStream(Stream inner, Upload upload) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => inner.CanSeek;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return inner.Read(buffer);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            throw Superseded(e);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            throw Superseded(e);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void SetLength(long value) => throw new NotSupportedException("Uploads are never changed.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Uploads are never changed.");

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private SupersededException Superseded(Exception cause) =>
        new($"Upload '{upload.Path}' was overwritten or deleted while version {upload.ETag} was being read.", cause);
}
