using Azure.Data.Tables.Models;

namespace Azure.Data.Tables.Http;

/// <summary>Creating and deleting tables, for both clients.</summary>
internal static class TableManagement
{
    public static async ValueTask<Response<TableItem>> CreateAsync(
        bool async, TableRequests requests, string table, CancellationToken cancellationToken)
    {
        using var message = requests.CreateTable(table, answersTable: true);
        var response = await requests.SendAsync(async, message, TableRequests.Created, cancellationToken).ConfigureAwait(false);
        return Response.FromValue(new TableItem(table), response);
    }

    /// <summary>A table that is there already answers 409, which is fine; one that is being deleted does as well, which is not.</summary>
    public static async ValueTask<Response<TableItem>> CreateIfNotExistsAsync(
        bool async, TableRequests requests, string table, CancellationToken cancellationToken)
    {
        using var message = requests.CreateTable(table, answersTable: false);
        var response = await requests.SendAsync(async, message, TableRequests.CreatedOrConflict, cancellationToken).ConfigureAwait(false);
        if (response.Status == 409 && new RequestFailedException(response) is { ErrorCode: var code } failure && code == TableErrorCode.TableBeingDeleted)
        {
            throw failure;
        }

        return Response.FromValue(new TableItem(table), response);
    }

    /// <summary>A table that is not there answers 404, which is no failure.</summary>
    public static async ValueTask<Response> DeleteAsync(bool async, TableRequests requests, string table, CancellationToken cancellationToken)
    {
        using var message = requests.Delete(requests.TablePathByName(table));
        return await requests.SendAsync(async, message, TableRequests.NoContentOrNotFound, cancellationToken).ConfigureAwait(false);
    }
}
