using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Tables;

[Collection(TablesCollection.Name)]
public sealed class EntityTests(AzuriteFixture azurite)
{
    /// <summary>What people, paths and other languages put into names; the service forbids only / \ # ? and control characters.</summary>
    public static TheoryData<string> HostileKeys => new()
    {
        "it's", "''", "100%", "%27", "%2F", "a+b", "a b", " lead", "trail ", "a&b=c", "a;b,c", "{x}", "[x]", "(x)", "x'y\"z", "a.b", "..", "~", "é", "e\u0301",
        "日本語", "😀", "\u00a0", "a:b@c", "$batch", "a|b^c`d", "<x>", "",
    };

    [Fact]
    public async Task AddEntityAsync_EveryType_ComesBackAsItWas()
    {
        var table = await azurite.CreateTableAsync();
        var id = new Guid("6f9619ff-8b86-d011-b42d-00c04fc964ff");
        var at = new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.FromHours(2));
        await table.AddEntityAsync(new TableEntity("p", "r")
        {
            ["Text"] = "ünïcode \"quoted\" \n line",
            ["Empty"] = string.Empty,
            ["Flag"] = true,
            ["Number"] = int.MinValue,
            ["Long"] = long.MaxValue,
            ["SmallLong"] = 1L,
            ["Double"] = 0.1,
            ["WholeDouble"] = 5.0,
            ["HugeDouble"] = 1e300,
            ["NotANumber"] = double.NaN,
            ["Guid"] = id,
            ["Date"] = at,
            ["Bytes"] = new byte[] { 0, 255, 7 },
            ["Data"] = new BinaryData([1, 2]),
            ["Nothing"] = null,
        });

        TableEntity entity = await table.GetEntityAsync<TableEntity>("p", "r");

        entity.PartitionKey.ShouldBe("p");
        entity.RowKey.ShouldBe("r");
        entity.ETag.ToString().ShouldStartWith("W/\"");
        entity.Timestamp.ShouldNotBeNull().Offset.ShouldBe(TimeSpan.Zero);
        entity.GetString("Text").ShouldBe("ünïcode \"quoted\" \n line");
        entity.GetString("Empty").ShouldBe(string.Empty);
        entity.GetBoolean("Flag").ShouldBe(true);
        entity.GetInt32("Number").ShouldBe(int.MinValue);
        entity.GetInt64("Long").ShouldBe(long.MaxValue);
        entity.GetInt64("SmallLong").ShouldBe(1L);
        entity.GetDouble("Double").ShouldBe(0.1);
        entity.GetDouble("WholeDouble").ShouldBe(5.0);
        entity.GetDouble("HugeDouble").ShouldBe(1e300);
        entity.GetDouble("NotANumber").ShouldBe(double.NaN);
        entity.GetGuid("Guid").ShouldBe(id);
        entity.GetDateTimeOffset("Date").ShouldBe(at);
        entity.GetDateTime("Date").ShouldNotBeNull().Kind.ShouldBe(DateTimeKind.Utc);
        entity.GetBinary("Bytes").ShouldBe([0, 255, 7]);
        entity.GetBinaryData("Data").ToArray().ShouldBe([1, 2]);
        entity.ContainsKey("Nothing").ShouldBeFalse();
        entity.Keys.ShouldNotContain(key => key.Contains('@'));
    }

    [Theory]
    [MemberData(nameof(HostileKeys))]
    public async Task EveryOperation_HostileKeys_FindsTheRow(string key)
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity(key, key) { ["N"] = 1 });
        await table.AddEntityAsync(new TableEntity("other", "row"));

        TableEntity read = await table.GetEntityAsync<TableEntity>(key, key);
        (read.PartitionKey, read.RowKey).ShouldBe((key, key));

        await table.UpsertEntityAsync(new TableEntity(key, key) { ["M"] = 2 });
        await table.UpdateEntityAsync(new TableEntity(key, key) { ["O"] = 3 }, ETag.All);
        var found = await table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {key} and RowKey eq {key}")).ToListAsync();
        found.ShouldHaveSingleItem().GetInt32("N").ShouldBe(1);
        found[0].GetInt32("M").ShouldBe(2);
        found[0].GetInt32("O").ShouldBe(3);

        await table.SubmitTransactionAsync([new TableTransactionAction(TableTransactionActionType.UpdateMerge, new TableEntity(key, key) { ["P"] = 4 }, ETag.All)]);
        (await table.GetEntityAsync<TableEntity>(key, key)).Value.GetInt32("P").ShouldBe(4);

        (await table.DeleteEntityAsync(key, key)).Status.ShouldBe(204);
        (await table.GetEntityIfExistsAsync<TableEntity>(key, key)).HasValue.ShouldBeFalse();
        (await table.QueryAsync<TableEntity>().ToListAsync()).ShouldHaveSingleItem().PartitionKey.ShouldBe("other");
    }

    [Fact]
    public async Task AddEntityAsync_RowIsThere_Is409EntityAlreadyExists()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r"));

        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")));

        failure.Status.ShouldBe(409);
        failure.ErrorCode.ShouldBe(TableErrorCode.EntityAlreadyExists.ToString());
    }

    [Fact]
    public async Task GetEntityAsync_RowIsNotThere_Is404ResourceNotFound()
    {
        var table = await azurite.CreateTableAsync();

        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.GetEntityAsync<TableEntity>("p", "r"));

        failure.Status.ShouldBe(404);
        failure.ErrorCode.ShouldBe(TableErrorCode.ResourceNotFound.ToString());
        var none = await table.GetEntityIfExistsAsync<TableEntity>("p", "r");
        none.HasValue.ShouldBeFalse();
        none.GetRawResponse().Status.ShouldBe(404);
        Should.Throw<InvalidOperationException>(() => none.Value);
    }

    [Fact]
    public async Task GetEntityAsync_TableIsNotThere_Is404TableNotFound()
    {
        var table = new TableClient(azurite.ConnectionString, azurite.UniqueName("t"));

        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")));

        failure.Status.ShouldBe(404);
        failure.ErrorCode.ShouldBe(TableErrorCode.TableNotFound.ToString());
    }

    [Fact]
    public async Task UpdateEntityAsync_StaleETag_Is412AndChangesNothing()
    {
        var table = await azurite.CreateTableAsync();
        var first = (await table.AddEntityAsync(new TableEntity("p", "r") { ["N"] = 1 })).Headers.ETag.ShouldNotBeNull();
        var second = (await table.UpdateEntityAsync(new TableEntity("p", "r") { ["N"] = 2 }, first)).Headers.ETag.ShouldNotBeNull();
        second.ShouldNotBe(first);

        var failure = await Should.ThrowAsync<RequestFailedException>(() => table.UpdateEntityAsync(new TableEntity("p", "r") { ["N"] = 3 }, first));
        var deletion = await Should.ThrowAsync<RequestFailedException>(() => table.DeleteEntityAsync("p", "r", first));

        failure.Status.ShouldBe(412);
        failure.ErrorCode.ShouldBe(TableErrorCode.UpdateConditionNotSatisfied.ToString());
        deletion.Status.ShouldBe(412);
        TableEntity entity = await table.GetEntityAsync<TableEntity>("p", "r");
        entity.GetInt32("N").ShouldBe(2);
        entity.ETag.ShouldBe(second);
        (await table.DeleteEntityAsync(entity, entity.ETag)).Status.ShouldBe(204);
    }

    [Fact]
    public async Task UpdateEntityAsync_RowIsNotThere_Is404()
    {
        var table = await azurite.CreateTableAsync();
        (await Should.ThrowAsync<RequestFailedException>(() => table.UpdateEntityAsync(new TableEntity("p", "r"), ETag.All))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task UpdateEntityAsync_NoETag_IsRefusedBeforeSending()
    {
        var table = await azurite.CreateTableAsync();
        await Should.ThrowAsync<ArgumentException>(() => table.UpdateEntityAsync(new TableEntity("p", "r"), default));
    }

    [Fact]
    public async Task DeleteEntityAsync_RowIsNotThere_Answers404WithoutThrowing()
    {
        var table = await azurite.CreateTableAsync();
        (await table.DeleteEntityAsync("p", "r")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task UpsertEntityAsync_MergeKeepsAndReplaceDropsOtherColumns()
    {
        var table = await azurite.CreateTableAsync();
        await table.UpsertEntityAsync(new TableEntity("p", "r") { ["A"] = 1, ["B"] = 1 });
        await table.UpsertEntityAsync(new TableEntity("p", "r") { ["B"] = 2 });
        TableEntity merged = await table.GetEntityAsync<TableEntity>("p", "r");
        await table.UpsertEntityAsync(new TableEntity("p", "r") { ["B"] = 3 }, TableUpdateMode.Replace);
        TableEntity replaced = await table.GetEntityAsync<TableEntity>("p", "r");

        (merged.GetInt32("A"), merged.GetInt32("B")).ShouldBe((1, 2));
        (replaced.ContainsKey("A"), replaced.GetInt32("B")).ShouldBe((false, 3));
    }

    [Fact]
    public async Task UpsertEntityAsync_NullColumn_LeavesWhatIsThereInAMergeAndDropsItInAReplace()
    {
        var table = await azurite.CreateTableAsync();
        await table.UpsertEntityAsync(new TableEntity("p", "r") { ["A"] = 1 });

        await table.UpsertEntityAsync(new TableEntity("p", "r") { ["A"] = null });
        TableEntity merged = await table.GetEntityAsync<TableEntity>("p", "r");
        await table.UpsertEntityAsync(new TableEntity("p", "r") { ["A"] = null }, TableUpdateMode.Replace);
        TableEntity replaced = await table.GetEntityAsync<TableEntity>("p", "r");

        merged.GetInt32("A").ShouldBe(1);
        replaced.ContainsKey("A").ShouldBeFalse();
    }

    [Fact]
    public async Task UpdateEntityAsync_RowAsItWasRead_IsWrittenWithoutWhatTheServiceSets()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1, ["B"] = 2L });
        TableEntity read = await table.GetEntityAsync<TableEntity>("p", "r");

        read["A"] = 3;
        var etag = (await table.UpdateEntityAsync(read, read.ETag, TableUpdateMode.Replace)).Headers.ETag;
        TableEntity again = await table.GetEntityAsync<TableEntity>("p", "r");

        (again.GetInt32("A"), again.GetInt64("B"), again.ETag).ShouldBe((3, 2L, etag!.Value));
        again.Keys.ShouldBe(["odata.etag", "PartitionKey", "RowKey", "Timestamp", "A", "B"], ignoreOrder: true);
    }

    [Fact]
    public async Task AddEntityAsync_Date_IsKeptToTheTick()
    {
        var table = await azurite.CreateTableAsync();
        var at = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.FromHours(-5)).AddTicks(1_234_567);
        await table.AddEntityAsync(new TableEntity("p", "r") { ["At"] = at, ["Time"] = at.UtcDateTime });

        TableEntity read = await table.GetEntityAsync<TableEntity>("p", "r");

        (read.GetDateTimeOffset("At"), read.GetDateTimeOffset("At")!.Value.Offset).ShouldBe((at, TimeSpan.Zero));
        read.GetDateTime("Time").ShouldBe(at.UtcDateTime);
        (await table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"At eq {at}")).ToListAsync()).Count.ShouldBe(1);
        (await table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"At gt {at}")).ToListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task AnyOperation_NullEntityOrKey_IsRefusedBeforeSending()
    {
        var table = await azurite.CreateTableAsync();
        (await Should.ThrowAsync<ArgumentNullException>(() => table.AddEntityAsync<TableEntity>(null!))).ParamName.ShouldBe("entity");
        (await Should.ThrowAsync<ArgumentNullException>(() => table.AddEntityAsync(new TableEntity { RowKey = "r" }))).ParamName.ShouldBe("PartitionKey");
        (await Should.ThrowAsync<ArgumentNullException>(() => table.UpsertEntityAsync(new TableEntity { PartitionKey = "p" }))).ParamName.ShouldBe("RowKey");
        (await Should.ThrowAsync<ArgumentNullException>(() => table.DeleteEntityAsync("p", null!))).ParamName.ShouldBe("rowKey");
        await Should.ThrowAsync<ArgumentNullException>(
            () => table.SubmitTransactionAsync([new(TableTransactionActionType.Add, new TableEntity { PartitionKey = "p" })]));
    }

    [Fact]
    public async Task GetEntityAsync_SelectOfAColumnThatIsNotThere_IsTheRowWithoutIt()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1 });

        TableEntity entity = await table.GetEntityAsync<TableEntity>("p", "r", select: ["None"]);

        (entity.PartitionKey, entity.ContainsKey("A"), entity.ContainsKey("None")).ShouldBe((null, false, false));
        entity.ETag.ToString().ShouldStartWith("W/");
    }

    [Fact]
    public async Task GetEntityAsync_Select_ReturnsOnlyThose()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1, ["B"] = 2L });

        TableEntity entity = await table.GetEntityAsync<TableEntity>("p", "r", select: ["RowKey", "B"]);

        entity.RowKey.ShouldBe("r");
        entity.GetInt64("B").ShouldBe(2L);
        entity.ContainsKey("A").ShouldBeFalse();
        entity.PartitionKey.ShouldBeNull();
    }

    [Fact]
    public void Synchronous_EveryOperation_DoesTheSame()
    {
        var table = new TableClient(azurite.ConnectionString, azurite.UniqueName("t"));
        table.CreateIfNotExists().Value.Name.ShouldBe(table.Name);
        table.AddEntity(new TableEntity("p", "r") { ["N"] = 1 }).Status.ShouldBe(204);
        table.UpsertEntity(new TableEntity("p", "r") { ["N"] = 2 }).Status.ShouldBe(204);
        table.UpdateEntity(new TableEntity("p", "r") { ["N"] = 3 }, ETag.All).Status.ShouldBe(204);
        table.GetEntity<TableEntity>("p", "r").Value.GetInt32("N").ShouldBe(3);
        table.GetEntityIfExists<TableEntity>("p", "x").HasValue.ShouldBeFalse();
        table.Query<TableEntity>(entity => entity.PartitionKey == "p").Count().ShouldBe(1);
        table.SubmitTransaction([new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p", "s"))]).Value.Count.ShouldBe(1);
        table.DeleteEntity("p", "r").Status.ShouldBe(204);
        table.Delete().Status.ShouldBe(204);
        table.Delete().Status.ShouldBe(404);
    }
}
