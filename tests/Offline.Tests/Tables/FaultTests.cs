using System.Net;
using System.Text;
using Azure;
using Azure.Data.Tables;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Tables;

[Collection(TablesCollection.Name)]
public sealed class FaultTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task AddEntityAsync_PassingFault_IsRetriedWithTheWholeBodySignedAnew(int status)
    {
        var name = (await azurite.CreateTableAsync()).Name;
        using var network = new Network((attempt, _, forward) => attempt <= 2 ? Answer(status) : forward());
        var table = new TableClient(azurite.ConnectionString, name, TestTables.QuickRetries(3, network.Transport));

        await table.AddEntityAsync(new TableEntity("p", "r") { ["Text"] = "ü" });

        network.Requests.Count.ShouldBe(3);
        network.Requests.Select(request => request.Body).Distinct().ShouldHaveSingleItem().ShouldContain("PartitionKey");
        network.Requests.ShouldAllBe(request => request.Authorization!.StartsWith("SharedKeyLite devstoreaccount1:"));
        (await table.GetEntityAsync<TableEntity>("p", "r")).Value.GetString("Text").ShouldBe("ü");
    }

    [Fact]
    public async Task GetEntityAsync_LastingFault_ThrowsAfterAllRetries()
    {
        using var network = new Network((_, _, _) => Answer(503));
        var table = new TableClient(azurite.ConnectionString, "fault", TestTables.QuickRetries(2, network.Transport));

        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.GetEntityAsync<TableEntity>("p", "r"));

        failure.Status.ShouldBe(503);
        network.Requests.Count.ShouldBe(3);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(412)]
    public async Task UpsertEntityAsync_RefusedRequest_IsNotRetried(int status)
    {
        using var network = new Network((_, _, _) => Answer(status, "{\"odata.error\":{\"code\":\"SomeCode\",\"message\":{\"lang\":\"en-US\",\"value\":\"Said why.\"}}}"));
        var table = new TableClient(azurite.ConnectionString, "fault", TestTables.QuickRetries(3, network.Transport));

        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.UpsertEntityAsync(new TableEntity("p", "r")));

        (failure.Status, failure.ErrorCode).ShouldBe((status, "SomeCode"));
        failure.Message.ShouldContain("Said why.");
        network.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task UpsertEntityAsync_ErrorPageOfAProxy_HasTheStatusAndNoCode()
    {
        using var network = new Network((_, _, _) => Answer(403, "<html>Forbidden</html>", "text/html"));
        var table = new TableClient(azurite.ConnectionString, "fault", TestTables.QuickRetries(0, network.Transport));

        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.UpsertEntityAsync(new TableEntity("p", "r")));

        (failure.Status, failure.ErrorCode).ShouldBe((403, null));
    }

    [Fact]
    public async Task AddEntityAsync_AnswerLostAfterCommit_EndsIn409()
    {
        var name = (await azurite.CreateTableAsync()).Name;
        using var network = new Network(async (attempt, _, forward) =>
        {
            var answer = await forward();
            return attempt == 1 ? throw new HttpRequestException("the connection was reset") : answer;
        });
        var table = new TableClient(azurite.ConnectionString, name, TestTables.QuickRetries(3, network.Transport));

        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")));

        failure.Status.ShouldBe(409);
        network.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task GetEntityAsync_NoConnection_ThrowsWithEveryAttempt()
    {
        using var network = new Network((_, _, _) => throw new HttpRequestException("refused"));
        var table = new TableClient(azurite.ConnectionString, "fault", TestTables.QuickRetries(2, network.Transport));

        var failure = await Should.ThrowAsync<AggregateException>(() => table.GetEntityAsync<TableEntity>("p", "r"));

        failure.InnerExceptions.Count.ShouldBe(3);
        failure.InnerExceptions.ShouldAllBe(inner => inner is RequestFailedException);
    }

    [Fact]
    public async Task GetEntityAsync_NoAnswerInTime_IsTriedAgain()
    {
        var name = (await azurite.CreateTableAsync()).Name;
        using var network = new Network(async (attempt, cancellation, forward) =>
        {
            if (attempt == 1)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            }

            return await forward();
        });
        var options = TestTables.QuickRetries(1, network.Transport);
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(2);
        var table = new TableClient(azurite.ConnectionString, name, options);

        (await table.GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue.ShouldBeFalse();
        network.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task AnyOperation_Cancelled_StopsAtOnceAndIsNotRetried()
    {
        using var sent = new SemaphoreSlim(0);
        using var network = new Network(async (_, cancellation, _) =>
        {
            sent.Release();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            throw new InvalidOperationException("not reached");
        });
        var table = new TableClient(azurite.ConnectionString, "fault", TestTables.QuickRetries(3, network.Transport));
        Func<CancellationToken, Task>[] operations =
        [
            token => table.AddEntityAsync(new TableEntity("p", "r"), token),
            token => table.GetEntityIfExistsAsync<TableEntity>("p", "r", cancellationToken: token),
            token => table.QueryAsync<TableEntity>(cancellationToken: token).ToListAsync(),
            token => table.SubmitTransactionAsync([new(TableTransactionActionType.Add, new TableEntity("p", "r"))], token),
        ];

        foreach (var operation in operations)
        {
            using var cancellation = new CancellationTokenSource();
            var running = operation(cancellation.Token);
            await sent.WaitAsync();
            await cancellation.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => running);
        }

        network.Requests.Count.ShouldBe(operations.Length);
    }

    [Fact]
    public async Task SubmitTransactionAsync_PassingFault_IsRetriedWhole()
    {
        var name = (await azurite.CreateTableAsync()).Name;
        using var network = new Network((attempt, _, forward) => attempt == 1 ? Answer(500) : forward());
        var table = new TableClient(azurite.ConnectionString, name, TestTables.QuickRetries(3, network.Transport));

        var responses = await table.SubmitTransactionAsync([new(TableTransactionActionType.Add, new TableEntity("p", "r"))]);

        responses.Value.ShouldHaveSingleItem().Status.ShouldBe(204);
        network.Requests.Count.ShouldBe(2);
        network.Requests[0].Body.ShouldBe(network.Requests[1].Body);
    }

    private static Task<HttpResponseMessage> Answer(int status, string body = "", string type = "application/json") =>
        Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) });
}
