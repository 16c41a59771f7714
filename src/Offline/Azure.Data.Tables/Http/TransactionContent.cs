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
    private readonly ArrayBufferWriter<byte> buffer = new(16 * 1024);
    private readonly TableRequests requests;
    private readonly string table;
    private readonly string changeset;
    private string partitionKey;
    private int count;

    public TransactionContent(TableRequests requests, string table, Guid batchId, Guid changesetId)
    {
        this.requests = requests;
        this.table = table;
        Boundary = $"batch_{batchId}";
        changeset = $"changeset_{changesetId}";
        Text($"--{Boundary}\r\nContent-Type: multipart/mixed; boundary={changeset}\r\n\r\n");
    }

    public string Boundary { get; }

    public int Count => count;

    /// <exception cref="TableTransactionFailedException">Azure would refuse the action.</exception>
    public void Add(TableTransactionAction action)
    {
        try
        {
            RequireSamePartition(action.Entity.PartitionKey);
            Write(action);
            count++;
        }
        catch (RequestFailedException failure)
        {
            failure.Data[TableTransactionFailedException.FailedEntityIndex] = count.ToString(CultureInfo.InvariantCulture);
            throw new TableTransactionFailedException(failure);
        }
    }

    public ReadOnlyMemory<byte> Complete()
    {
        Text($"--{changeset}--\r\n--{Boundary}--\r\n");
        return buffer.WrittenMemory;
    }

    /// <summary>As in the package, an update without an ETag carries no condition, and is thereby an upsert.</summary>
    private static ETag? IfMatch(ETag etag) => etag == default ? null : etag;

    /// <summary>The emulator lets a transaction span partitions; Azure does not.</summary>
    private void RequireSamePartition(string key)
    {
        partitionKey ??= key;
        if (key != partitionKey)
        {
            throw ServiceLimits.Refused(
                TableErrorCode.CommandsInBatchActOnDifferentPartitions,
                $"{count}:All commands in a batch must operate on same entity group: found '{key}' after '{partitionKey}'.");
        }
    }

    private void Write(TableTransactionAction action)
    {
        var entity = action.Entity;
        ArgumentNullException.ThrowIfNull(entity.RowKey);
        switch (action.ActionType)
        {
            case TableTransactionActionType.Add:
                Part(RequestMethod.Post, requests.TablePath(table), null, entity, "Prefer: return-no-content\r\n");
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

    private string PathOf(ITableEntity entity) => requests.EntityPath(table, entity.PartitionKey, entity.RowKey);

    private void Part(RequestMethod method, string path, ETag? ifMatch, ITableEntity entity, string headers = "")
    {
        Text($"--{changeset}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n");
        Text($"{method} {requests.Origin}{path} HTTP/1.1\r\nAccept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0\r\n{headers}");
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
        EntityWriter.Write(buffer, entity);
        Text("\r\n");
    }

    private void Text(string text) => Encoding.UTF8.GetBytes(text, buffer);
}
