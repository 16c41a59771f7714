using Azure.Data.Tables.Http;

namespace Azure.Data.Tables;

public partial class TableClient
{
    public virtual Response<IReadOnlyList<Response>> SubmitTransaction(
        IEnumerable<TableTransactionAction> transactionActions, CancellationToken cancellationToken = default) =>
        SubmitAsync(false, transactionActions, cancellationToken).Completed();

    public virtual async Task<Response<IReadOnlyList<Response>>> SubmitTransactionAsync(
        IEnumerable<TableTransactionAction> transactionActions, CancellationToken cancellationToken = default) =>
        await SubmitAsync(true, transactionActions, cancellationToken).ConfigureAwait(false);

    private async ValueTask<Response<IReadOnlyList<Response>>> SubmitAsync(
        bool async, IEnumerable<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actions);
        var content = new TransactionContent(_requests, Name, Guid.NewGuid(), Guid.NewGuid());
        foreach (var action in actions)
        {
            content.Add(action);
        }

        if (content.Count == 0)
        {
            throw new InvalidOperationException("Batch is empty: a transaction needs at least one action.");
        }

        using var message = _requests.Batch(content.Complete(), content.Boundary);
        var response = await _requests.SendAsync(async, message, TableRequests.Accepted, cancellationToken).ConfigureAwait(false);
        var parts = TransactionResponses.Parse(response);
        if (parts.FirstOrDefault(part => part.Status >= 400) is { } failed)
        {
            throw new TableTransactionFailedException(new RequestFailedException(failed, null, TableErrorParser.Instance));
        }

        return Response.FromValue(parts, response);
    }
}
