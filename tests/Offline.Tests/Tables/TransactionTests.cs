using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Tables;

[Collection(TablesCollection.Name)]
public sealed class TransactionTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task SubmitTransactionAsync_EveryAction_AppliesAllAndAnswersEach()
    {
        var table = await azurite.CreateTableAsync();
        var etags = new Dictionary<string, ETag>();
        foreach (var row in new[] { "merge", "replace", "upsertmerge", "upsertreplace", "delete" })
        {
            etags[row] = (await table.AddEntityAsync(new TableEntity("it's 100%", row) { ["A"] = 1, ["B"] = 1 })).Headers.ETag!.Value;
        }

        var responses = (await table.SubmitTransactionAsync(
        [
            Action(TableTransactionActionType.Add, "add", 2),
            Action(TableTransactionActionType.UpdateMerge, "merge", 2, etags["merge"]),
            Action(TableTransactionActionType.UpdateReplace, "replace", 2, etags["replace"]),
            Action(TableTransactionActionType.UpsertMerge, "upsertmerge", 2),
            Action(TableTransactionActionType.UpsertReplace, "upsertreplace", 2),
            Action(TableTransactionActionType.Delete, "delete", 2, etags["delete"]),
        ])).Value;

        responses.Count.ShouldBe(6);
        responses.ShouldAllBe(response => response.Status == 204);
        var rows = (await table.QueryAsync<TableEntity>().ToListAsync()).ToDictionary(entity => entity.RowKey);
        rows.Keys.ShouldBe(["add", "merge", "replace", "upsertmerge", "upsertreplace"], ignoreOrder: true);
        rows.Values.ShouldAllBe(entity => entity.GetInt32("B") == 2);
        (rows["merge"].ContainsKey("A"), rows["replace"].ContainsKey("A")).ShouldBe((true, false));
        (rows["upsertmerge"].ContainsKey("A"), rows["upsertreplace"].ContainsKey("A")).ShouldBe((true, false));
        responses[1].Headers.ETag.ShouldBe(rows["merge"].ETag);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task SubmitTransactionAsync_OneActionConflicts_NamesItAndChangesNothing(int failing)
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("it's 100%", "there"));
        var actions = Enumerable.Range(0, 5)
            .Select(number => Action(TableTransactionActionType.Add, number == failing ? "there" : $"row{number}", number))
            .ToList();

        var failure = await Should.ThrowAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(actions));

        failure.FailedTransactionActionIndex.ShouldBe(failing);
        failure.Status.ShouldBe(409);
        failure.ErrorCode.ShouldBe(TableErrorCode.EntityAlreadyExists.ToString());
        (await table.QueryAsync<TableEntity>().ToListAsync()).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task SubmitTransactionAsync_StaleETag_Is412WithTheIndex()
    {
        var table = await azurite.CreateTableAsync();
        var old = (await table.AddEntityAsync(new TableEntity("it's 100%", "head"))).Headers.ETag!.Value;
        await table.UpsertEntityAsync(new TableEntity("it's 100%", "head") { ["B"] = 7 });

        var failure = await Should.ThrowAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(
        [
            Action(TableTransactionActionType.Add, "entry", 1),
            Action(TableTransactionActionType.UpdateReplace, "head", 8, old),
        ]));

        failure.Status.ShouldBe(412);
        failure.ErrorCode.ShouldBe(TableErrorCode.UpdateConditionNotSatisfied.ToString());
        failure.FailedTransactionActionIndex.ShouldBe(1);
        (await table.GetEntityAsync<TableEntity>("it's 100%", "head")).Value.GetInt32("B").ShouldBe(7);
    }

    [Fact]
    public async Task SubmitTransactionAsync_DeletesOrUpdatesWhatIsNotThere_Is404()
    {
        var table = await azurite.CreateTableAsync();

        var deletion = await Should.ThrowAsync<TableTransactionFailedException>(
            () => table.SubmitTransactionAsync([Action(TableTransactionActionType.Add, "x", 1), Action(TableTransactionActionType.Delete, "none", 0)]));
        var update = await Should.ThrowAsync<TableTransactionFailedException>(
            () => table.SubmitTransactionAsync([Action(TableTransactionActionType.UpdateMerge, "none", 0, ETag.All)]));

        (deletion.Status, deletion.FailedTransactionActionIndex).ShouldBe((404, 1));
        update.Status.ShouldBe(404);
        (await table.QueryAsync<TableEntity>().ToListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task SubmitTransactionAsync_NoETag_NeitherAsksForTheRowNorForItsState()
    {
        var table = await azurite.CreateTableAsync();
        await table.AddEntityAsync(new TableEntity("it's 100%", "stale") { ["B"] = 1 });
        await table.AddEntityAsync(new TableEntity("it's 100%", "gone") { ["B"] = 1 });
        TableEntity stale = await table.GetEntityAsync<TableEntity>("it's 100%", "stale");
        await table.UpsertEntityAsync(new TableEntity("it's 100%", "stale") { ["B"] = 2 });
        stale["B"] = 3;

        await table.SubmitTransactionAsync(
        [
            new(TableTransactionActionType.UpdateReplace, stale),
            Action(TableTransactionActionType.UpdateMerge, "none", 4),
            Action(TableTransactionActionType.Delete, "gone", 0),
        ]);

        var rows = (await table.QueryAsync<TableEntity>().ToListAsync()).ToDictionary(entity => entity.RowKey, entity => entity.GetInt32("B"));
        rows.ShouldBe(new Dictionary<string, int?> { ["none"] = 4, ["stale"] = 3 }, ignoreOrder: true);
    }

    [Fact]
    public async Task SubmitTransactionAsync_TableIsNotThere_Is404TableNotFound()
    {
        var table = new TableClient(azurite.ConnectionString, azurite.UniqueName("t"));

        var failure = await Should.ThrowAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync([Action(TableTransactionActionType.Add, "x", 1)]));

        (failure.Status, failure.ErrorCode).ShouldBe((404, TableErrorCode.TableNotFound.ToString()));
    }

    [Fact]
    public async Task SubmitTransactionAsync_OneHundredActions_Fit()
    {
        var table = await azurite.CreateTableAsync();
        var actions = Enumerable.Range(0, 100).Select(number => Action(TableTransactionActionType.UpsertReplace, $"{number:000}", number)).ToList();

        (await table.SubmitTransactionAsync(actions)).Value.Count.ShouldBe(100);
        (await table.QueryAsync<TableEntity>().ToListAsync()).Count.ShouldBe(100);
    }

    [Fact]
    public async Task SubmitTransactionAsync_MoreThanOneHundred_FailsAndChangesNothing()
    {
        var table = await azurite.CreateTableAsync();
        var tooMany = Enumerable.Range(0, 101).Select(number => Action(TableTransactionActionType.Add, $"{number:000}", number)).ToList();

        // The package cannot take the emulator's answer to this apart; Azure's it can.
        var failure = await Should.ThrowAsync<Exception>(() => table.SubmitTransactionAsync(tooMany));

        (failure is InvalidOperationException or RequestFailedException { Status: 400 }).ShouldBeTrue(failure.ToString());
        (await table.QueryAsync<TableEntity>().ToListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task SubmitTransactionAsync_NothingToDo_IsRefusedBeforeSending()
    {
        var table = await azurite.CreateTableAsync();
        await Should.ThrowAsync<InvalidOperationException>(() => table.SubmitTransactionAsync([]));
        await Should.ThrowAsync<ArgumentNullException>(() => table.SubmitTransactionAsync(null!));
    }

    [Fact]
    public async Task SubmitTransactionAsync_UnicodeAndLineBreaks_ComeBackAsTheyWere()
    {
        var table = await azurite.CreateTableAsync();
        const string Text = "日本語 😀\r\n--changeset\r\n\r\nHTTP/1.1 500 \"quoted\" \\ back";
        await table.SubmitTransactionAsync([new(TableTransactionActionType.Add, new TableEntity("p", "r") { ["Text"] = Text })]);
        (await table.GetEntityAsync<TableEntity>("p", "r")).Value.GetString("Text").ShouldBe(Text);
    }

    private static TableTransactionAction Action(TableTransactionActionType type, string row, int value, ETag etag = default) =>
        new(type, new TableEntity("it's 100%", row) { ["B"] = value }, etag);
}
