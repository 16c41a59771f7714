using System.Buffers.Text;

namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// The ids of a request's rows. A row's own id (its <c>inferenceId</c> column) wins; then the request's (the <c>Inference-Id</c> header: the id
/// itself for one row, <c>{id}.{row}</c> for several); else the minted one.
/// </summary>
/// <param name="batch">The rows.</param>
/// <param name="requestId">The request's id in UTF-8; empty where it has none.</param>
/// <param name="mintedPrefix">See <see cref="InferenceId.Prefix"/>, in UTF-8.</param>
/// <param name="firstRow">The first row's number in the log file.</param>
public readonly ref struct RowIds(ScoringBatch batch, ReadOnlySpan<byte> requestId, ReadOnlySpan<byte> mintedPrefix, int firstRow)
{
    private const int LongestRowNumber = 11;
    private readonly ScoringBatch _batch = batch;
    private readonly ReadOnlySpan<byte> _requestId = requestId;
    private readonly ReadOnlySpan<byte> _mintedPrefix = mintedPrefix;
    private readonly int _firstRow = firstRow;

    /// <summary>The most bytes that <see cref="Write"/> takes.</summary>
    public const int LongestId = InferenceId.LongestId + LongestRowNumber + 1;

    /// <summary>Writes the id of a row; returns its length.</summary>
    /// <param name="row">Row of the batch.</param>
    /// <param name="destination">At least <see cref="LongestId"/> bytes.</param>
    public int Write(int row, Span<byte> destination)
    {
        ReadOnlySpan<byte> own = _batch.InferenceId(row);
        if (!own.IsEmpty)
        {
            own.CopyTo(destination);
            return own.Length;
        }

        return Compose(_requestId, _batch.Rows, _mintedPrefix, _firstRow, row, destination);
    }

    /// <summary>Writes the id of a row that has none of its own; returns its length.</summary>
    internal static int Compose(ReadOnlySpan<byte> requestId, int rows, ReadOnlySpan<byte> mintedPrefix, int firstRow, int row, Span<byte> destination)
    {
        bool isRequests = !requestId.IsEmpty;
        ReadOnlySpan<byte> prefix = isRequests ? requestId : mintedPrefix;
        prefix.CopyTo(destination);
        int length = prefix.Length;
        if (isRequests && rows == 1)
        {
            return length;
        }

        if (isRequests)
        {
            destination[length++] = (byte)'.';
        }

        Utf8Formatter.TryFormat(isRequests ? row : firstRow + row, destination[length..], out int written);
        return length + written;
    }
}
