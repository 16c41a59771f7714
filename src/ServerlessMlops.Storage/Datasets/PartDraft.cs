using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Storage.Datasets;

/// <summary>
/// A part while it is written. Its batch's id, and so its place, is the hash of its content, known at the end only; the local disk of a small instance would not
/// hold a large one. So blocks go to a blob <c>{p}/drafts/{random}.arrow</c>, one under way while the next is filled, which is copied to its place within the account
/// and deleted. A part of one block is written to its place at once. Of a writer that dies nothing is ever committed, and storage forgets blocks after a week.
/// </summary>
internal sealed class PartDraft(BlobContainerClient container, string pipeline, CancellationToken cancellation) : Stream, IPartDraft
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 4 * 1024 * 1024;

    private const string ContentType = "application/vnd.apache.arrow.file";

    private readonly BlockBlobClient _draft = container.GetBlockBlobClient($"{pipeline}/drafts/{RandomNumberGenerator.GetHexString(32, lowercase: true)}.arrow");
    private readonly List<string> _blocks = [];
    private byte[] _buffer = [];
    private byte[] _sent = [];
    private int _filled;
    private Task _sending = Task.CompletedTask;
    private bool _committed;

    /// <inheritdoc/>
    public Stream Content => this;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => ((long)_blocks.Count * BlockBytes) + _filled;

    /// <inheritdoc/>
    public override long Position
    {
        get => Length;
        set => throw new NotSupportedException("A draft is written from its beginning to its end.");
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            if (_filled == BlockBytes)
            {
                Send();
            }

            Reserve(Math.Min(BlockBytes, _filled + buffer.Length));
            int count = Math.Min(buffer.Length, _buffer.Length - _filled);
            buffer[..count].CopyTo(_buffer.AsSpan(_filled));
            _filled += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>Begins anew: what was written is left out.</summary>
    public override void SetLength(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(value, 0);
        _blocks.Clear();
        _filled = 0;
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => offset == 0 && origin == SeekOrigin.Begin
        ? 0
        : throw new NotSupportedException("A draft is written from its beginning to its end; it can only begin anew.");

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A draft is not read.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <summary>Puts the part in its place, where what stands stays.</summary>
    public async Task KeepAsync(BlobClient place)
    {
        if (_blocks.Count == 0)
        {
            using var whole = new MemoryStream(_buffer, 0, _filled, writable: false);
            await BlobWrites.CreateAsync(place, whole, ContentType, cancellation);
            return;
        }

        Send();
        await _sending;
        await _draft.CommitBlockListAsync(_blocks, new CommitBlockListOptions { HttpHeaders = new BlobHttpHeaders { ContentType = ContentType } }, cancellation);
        _committed = true;
        await CopyAsync(place, new BlobRequestConditions { IfNoneMatch = ETag.All });
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _sending.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (_committed)
        {
            await _draft.DeleteIfExistsAsync(cancellationToken: CancellationToken.None);
        }

        await base.DisposeAsync();
    }

    // Copies the draft to its place. What a copy leaves that failed (its source went with a process that ended) is an empty blob, which is copied over, once: whoever
    // comes later finds the new copy.
    private async Task CopyAsync(BlobClient place, BlobRequestConditions conditions)
    {
        BlobProperties standing;
        try
        {
            CopyFromUriOperation copy = await place.StartCopyFromUriAsync(_draft.Uri, new BlobCopyFromUriOptions { DestinationConditions = conditions }, cancellation);
            await copy.WaitForCompletionResponseAsync(cancellation);
            standing = await place.GetPropertiesAsync(cancellationToken: cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            // Another of the same content was here first, or is about to be: a batch is only said to be there when its part is.
            standing = await place.GetPropertiesAsync(cancellationToken: cancellation);
        }

        switch (standing.BlobCopyStatus)
        {
            case null or CopyStatus.Success:
                return;
            case CopyStatus.Pending:
                throw new IOException($"Blob '{place.BlobContainerName}/{place.Name}' is being copied by another run; try again when that has ended.");
            case not null when conditions.IfMatch is null:
                await CopyAsync(place, new BlobRequestConditions { IfMatch = standing.ETag });
                return;
            case var ended:
                throw new IOException($"Blob '{place.BlobContainerName}/{place.Name}' cannot be copied from its draft ({ended}: {standing.CopyStatusDescription}); try again.");
        }
    }

    /// <summary>Sends the full block while the next is filled. Waits for the block before, so two buffers are enough.</summary>
    private void Send()
    {
        _sending.GetAwaiter().GetResult();
        (_buffer, _sent) = (_sent, _buffer);
        int count = _filled;
        _filled = 0;
        string id = Convert.ToBase64String(Encoding.ASCII.GetBytes(_blocks.Count.ToString("D8", CultureInfo.InvariantCulture)));
        _blocks.Add(id);
        _sending = StageAsync(id, count);
    }

    private async Task StageAsync(string id, int count)
    {
        using var block = new MemoryStream(_sent, 0, count, writable: false);
        await _draft.StageBlockAsync(id, block, cancellationToken: cancellation);
    }

    private void Reserve(int count)
    {
        if (_buffer.Length < count)
        {
            Array.Resize(ref _buffer, Math.Min(BlockBytes, Math.Max(count, Math.Max(64 * 1024, _buffer.Length * 2))));
        }
    }
}
