using System.Buffers;
using System.Globalization;
using System.Text;
using Azure.Core;
using Azure.Data.Tables.Entities;
using Azure.Data.Tables.Models;

namespace Azure.Data.Tables.Http;

/// <summary>
/// The body of an entity group transaction: a batch with one change set, whose parts are whole HTTP requests with absolute addresses and
/// JSON on a single line.
/// </summary>
internal sealed class TransactionContent
{
    private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);
    private readonly TableRequests _requests;
    private readonly string _table;
    private readonly string _changeset;
    private string _partitionKey;
    private int _count;

    public TransactionContent(TableRequests requests, string table, Guid batchId, Guid changesetId)
    {
        _requests = requests;
        _table = table;
        Boundary = $"batch_{batchId}";
        _changeset = $"changeset_{changesetId}";
        Text($"--{Boundary}\r\nContent-Type: multipart/mixed; boundary={_changeset}\r\n\r\n");
    }

    public string Boundary { get; }

    public int Count => _count;

    /// <exception cref="TableTransactionFailedException">Azure would refuse the action.</exception>
    public void Add(TableTransactionAction action)
    {
        try
        {
            RequireSamePartition(action.Entity.PartitionKey);
            Write(action);
            _count++;
        }
        catch (RequestFailedException failure)
        {
            failure.Data[TableTransactionFailedException.FailedEntityIndex] = _count.ToString(CultureInfo.InvariantCulture);
            throw new TableTransactionFailedException(failure);
        }
    }

    public ReadOnlyMemory<byte> Complete()
    {
        Text($"--{_changeset}--\r\n--{Boundary}--\r\n");
        return _buffer.WrittenMemory;
    }

    /// <summary>As in the package, an update without an ETag carries no condition, and is thereby an upsert.</summary>
    private static ETag? IfMatch(ETag etag) => etag == default ? null : etag;

    /// <summary>The emulator lets a transaction span partitions; Azure does not.</summary>
    private void RequireSamePartition(string key)
    {
        _partitionKey ??= key;
        if (key != _partitionKey)
        {
            throw ServiceLimits.Refused(
                TableErrorCode.CommandsInBatchActOnDifferentPartitions,
                $"{_count}:All commands in a batch must operate on same entity group: found '{key}' after '{_partitionKey}'.");
        }
    }

    private void Write(TableTransactionAction action)
    {
        var entity = action.Entity;
        ArgumentNullException.ThrowIfNull(entity.RowKey);
        switch (action.ActionType)
        {
            case TableTransactionActionType.Add:
                Part(RequestMethod.Post, _requests.TablePath(_table), null, entity, "Prefer: return-no-content\r\n");
                break;
            case TableTransactionActionType.Delete:
                Part(RequestMethod.Delete, PathOf(entity), action.ETag == default ? ETag.All : action.ETag, null);
                break;
            case TableTransactionActionType.UpdateMerge:
                Part(RequestMethod.Patch, PathOf(entity), IfMatch(action.ETag), entity);
                break;
            case TableTransactionActionType.UpdateReplace:
                Part(RequestMethod.Put, PathOf(entity), IfMatch(action.ETag), entity);
                break;
            case TableTransactionActionType.UpsertMerge:
                Part(RequestMethod.Patch, PathOf(entity), null, entity);
                break;
            case TableTransactionActionType.UpsertReplace:
                Part(RequestMethod.Put, PathOf(entity), null, entity);
                break;
            default:
                throw new InvalidOperationException("Unknown request type.");
        }
    }

    private string PathOf(ITableEntity entity) => _requests.EntityPath(_table, entity.PartitionKey, entity.RowKey);

    private void Part(RequestMethod method, string path, ETag? ifMatch, ITableEntity entity, string headers = "")
    {
        Text($"--{_changeset}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n");
        Text($"{method} {_requests.Origin}{path} HTTP/1.1\r\nAccept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0\r\n{headers}");
        if (ifMatch is { } etag)
        {
            Text($"If-Match: {etag}\r\n");
        }

        if (entity is null)
        {
            Text("\r\n");
            return;
        }

        Text("Content-Type: application/json\r\n\r\n");
        EntityWriter.Write(_buffer, entity);
        Text("\r\n");
    }

    private void Text(string text) => Encoding.UTF8.GetBytes(text, _buffer);
}
