using Azure;
using Azure.Data.Tables;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Tables;

[Collection(TablesCollection.Name)]
public sealed class QueryTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task QueryAsync_MoreThanAPage_FollowsContinuationsInKeyOrder()
    {
        var table = await azurite.CreateTableAsync();
        await FillAsync(table, "p", 1250);

        var pages = await table.QueryAsync<TableEntity>().AsPages().ToPagesAsync();
        var rows = pages.SelectMany(page => page.Values).Select(entity => entity.RowKey).ToList();

        pages.Count.ShouldBe(2);
        pages[0].Values.Count.ShouldBe(1000);
        pages[0].ContinuationToken.ShouldNotBeNullOrEmpty();
        pages[1].ContinuationToken.ShouldBeNull();
        rows.ShouldBe(Enumerable.Range(0, 1250).Select(Row));
    }

    [Fact]
    public async Task AsPages_ContinuationToken_GoesOnWhereAnotherClientStopped()
    {
        var table = await azurite.CreateTableAsync();
        await FillAsync(table, "a b", 25);

        var first = (await table.QueryAsync<TableEntity>(maxPerPage: 10).AsPages().ToPagesAsync(1)).Single();
        var again = new TableClient(azurite.ConnectionString, table.Name);
        var rest = await again.QueryAsync<TableEntity>().AsPages(first.ContinuationToken, pageSizeHint: 10).ToPagesAsync();

        first.Values.Count.ShouldBe(10);
        rest.Select(page => page.Values.Count).ShouldBe([10, 5]);
        rest[0].Values[0].RowKey.ShouldBe(Row(10));
    }

    [Fact]
    public async Task QueryAsync_NothingMatches_IsOneEmptyPage()
    {
        var table = await azurite.CreateTableAsync();
        await FillAsync(table, "p", 3);

        var pages = await table.QueryAsync<TableEntity>(entity => entity.PartitionKey == "q").AsPages().ToPagesAsync();

        pages.Sum(page => page.Values.Count).ShouldBe(0);
        pages[^1].ContinuationToken.ShouldBeNull();
    }

    [Fact]
    public async Task QueryAsync_Select_ReturnsOnlyThoseColumns()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1, ["B"] = 2L, ["C"] = "x" });

        var entity = (await table.QueryAsync<TableEntity>(select: ["RowKey", "B"]).ToListAsync()).ShouldHaveSingleItem();

        entity.RowKey.ShouldBe("r");
        entity.GetInt64("B").ShouldBe(2L);
        entity.ContainsKey("A").ShouldBeFalse();
        entity.ContainsKey("C").ShouldBeFalse();
    }

    [Fact]
    public async Task QueryAsync_EveryTypeOfColumn_ComparesAsThatType()
    {
        var table = await azurite.CreateTableAsync();
        var id = new Guid("6f9619ff-8b86-d011-b42d-00c04fc964ff");
        var at = new DateTimeOffset(2026, 5, 6, 7, 8, 9, TimeSpan.Zero);
        await table.AddEntityAsync(new TableEntity("p", "match")
        {
            ["Text"] = "it's", ["Flag"] = true, ["Int"] = 5, ["Long"] = 5_000_000_000L, ["Double"] = 2.5, ["Guid"] = id, ["Date"] = at,
        });
        await table.AddEntityAsync(new TableEntity("p", "other")
        {
            ["Text"] = "its", ["Flag"] = false, ["Int"] = 4, ["Long"] = 4_000_000_000L, ["Double"] = 1.5, ["Guid"] = Guid.Empty, ["Date"] = at.AddDays(-1),
        });

        async Task MatchesAsync(string filter) =>
            (await table.QueryAsync<TableEntity>(filter).ToListAsync()).Select(entity => entity.RowKey).ShouldBe(["match"], filter);

        await MatchesAsync(TableClient.CreateQueryFilter($"Text eq {"it's"}"));
        await MatchesAsync(TableClient.CreateQueryFilter($"Flag eq {true}"));
        await MatchesAsync(TableClient.CreateQueryFilter($"Int gt {4}"));
        await MatchesAsync(TableClient.CreateQueryFilter($"Long ge {5_000_000_000L}"));
        await MatchesAsync(TableClient.CreateQueryFilter($"Double gt {1.5}"));
        await MatchesAsync(TableClient.CreateQueryFilter($"Guid eq {id}"));
        await MatchesAsync(TableClient.CreateQueryFilter($"Date ge {at}"));
        await MatchesAsync(TableClient.CreateQueryFilter<TableEntity>(entity => entity.GetString("Text") == "it's"));
        await MatchesAsync(TableClient.CreateQueryFilter<TableEntity>(entity => entity.GetBoolean("Flag") == true));
        await MatchesAsync(TableClient.CreateQueryFilter<TableEntity>(entity => entity.GetInt32("Int") > 4));
        await MatchesAsync(TableClient.CreateQueryFilter<TableEntity>(entity => entity.GetInt64("Long") >= 5_000_000_000L));
        await MatchesAsync(TableClient.CreateQueryFilter<TableEntity>(entity => entity.GetDouble("Double") > 2.0));
        await MatchesAsync(TableClient.CreateQueryFilter<TableEntity>(entity => entity.GetGuid("Guid") == id));
        await MatchesAsync(TableClient.CreateQueryFilter<TableEntity>(entity => entity.GetDateTime("Date") >= at.UtcDateTime));
        await MatchesAsync(TableClient.CreateQueryFilter<TableEntity>(entity => !(entity.GetInt32("Int") == 4) && entity.PartitionKey == "p"));
    }

    [Fact]
    public async Task QueryAsync_KeyRange_IsOrdinal()
    {
        var table = await azurite.CreateTableAsync();
        foreach (var row in new[] { "A", "B", "a", "b", "a1", "a2" })
        {
            await table.AddEntityAsync(new TableEntity("p", row));
        }

        var rows = await table.QueryAsync<TableEntity>(
            entity => entity.PartitionKey == "p" && entity.RowKey.CompareTo("a") >= 0 && string.Compare(entity.RowKey, "b") < 0).ToListAsync();

        rows.Select(entity => entity.RowKey).ShouldBe(["a", "a1", "a2"]);
    }

    [Fact]
    public async Task QueryAsync_BadFilter_Is400OnTheFirstPage()
    {
        var table = await azurite.CreateTableAsync();
        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.QueryAsync<TableEntity>("PartitionKey eq").ToListAsync());
        failure.Status.ShouldBe(400);
    }

    [Fact]
    public async Task QueryAsync_TableIsNotThere_Is404()
    {
        var table = new TableClient(azurite.ConnectionString, azurite.UniqueName("t"));
        (await Should.ThrowAsync<RequestFailedException>(() => table.QueryAsync<TableEntity>().ToListAsync())).Status.ShouldBe(404);
    }

    private static string Row(int number) => number.ToString("00000");

    private static async Task FillAsync(TableClient table, string partition, int count)
    {
        foreach (var chunk in Enumerable.Range(0, count).Chunk(100))
        {
            await table.SubmitTransactionAsync(chunk.Select(
                number => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity(partition, Row(number)) { ["N"] = number })));
        }
    }
}
