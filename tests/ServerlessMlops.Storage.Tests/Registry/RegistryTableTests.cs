using Azure.Data.Tables;
using Azure.Storage.Blobs;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Storage.Registry;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Registry;

public class RegistryTableTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly MoveReason Because = new("unverified:test", "because", "run-1");

    private readonly RegistryTable _registry = new(new TableServiceClient(azurite.ConnectionString), TimeProvider.System);

    [Fact]
    public async Task RegisterAsync_SameModelTwice_HasOneVersion()
    {
        string pipeline = azurite.UniqueName();

        ModelVersion first = await _registry.RegisterAsync(pipeline, Model("a"), Because, default);
        ModelVersion again = await _registry.RegisterAsync(pipeline, Model("a") with { RunId = "another" }, Because, default);

        again.Version.ShouldBe(first.Version);
        (await _registry.GetHeadAsync(pipeline, default)).LedgerLength.ShouldBe(1);
    }

    [Fact]
    public async Task RegisterAsync_TwentyAtOnce_VersionsAreDense()
    {
        string pipeline = azurite.UniqueName();

        ModelVersion[] versions = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => _registry.RegisterAsync(pipeline, Model($"m{i}"), Because, default)));

        versions.Select(v => v.Version).Order().ShouldBe(Enumerable.Range(1, 20));
        (await _registry.ListVersionsAsync(pipeline, 5, null, default)).Items.Select(v => v.Version).ShouldBe([20, 19, 18, 17, 16]);
    }

    [Fact]
    public async Task Moves_AHundredAtOnce_LeaveALinearLedger()
    {
        string pipeline = azurite.UniqueName();
        await _registry.RegisterAsync(pipeline, Model("a"), Because, default);
        await _registry.RegisterAsync(pipeline, Model("b"), Because, default);
        await _registry.PromoteAsync(pipeline, 1, Because, default);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            try
            {
                await (i % 4 == 3 ? _registry.RollBackAsync(pipeline, 2, Because, default) : _registry.PromoteAsync(pipeline, (i % 2) + 1, Because, default));
            }
            catch (RegistryMoveException)
            {
                // A rollback of a version that had not served, or was the first to serve, is refused; that is an answer too.
            }
        }));

        RegistryHead head = await _registry.GetHeadAsync(pipeline, default);
        List<LedgerEntry> ledger = await _registry.ReadLedgerAsync(pipeline, default).ToListAsync();
        ledger.Select(e => e.Number).ShouldBe(Enumerable.Range(1, (int)head.LedgerLength).Reverse().Select(n => (long)n));
        (await VerifyAsync(pipeline)).Faults.ShouldBeEmpty();
        head.Live!.Version.ShouldBe(ledger[0].Version!.Value);
        int[] serving = [.. (await _registry.ListVersionsAsync(pipeline, 10, null, default)).Items.Where(v => v.Stage == ModelStage.Serving).Select(v => v.Version)];
        serving.ShouldBe([head.Live.Version]);
    }

    [Theory]
    [InlineData("Why")]
    [InlineData("Actor")]
    [InlineData("deleted")]
    public async Task Verify_OneRowTamperedWith_IsFound(string how)
    {
        string pipeline = azurite.UniqueName();
        foreach (string id in (string[])["a", "b", "c"])
        {
            await _registry.RegisterAsync(pipeline, Model(id), Because, default);
        }

        (await VerifyAsync(pipeline)).Valid.ShouldBeTrue();
        TableClient table = new TableServiceClient(azurite.ConnectionString).GetTableClient(RegistryTable.Name);
        TableEntity row = await table.QueryAsync<TableEntity>(r => r.PartitionKey == pipeline && r.RowKey.CompareTo("ledger:") > 0 && r.RowKey.CompareTo("ledger;") < 0)
            .FirstAsync(r => r.GetInt64("Number") == 2);
        if (how == "deleted")
        {
            await table.DeleteEntityAsync(row.PartitionKey, row.RowKey);
        }
        else
        {
            row[how] = "changed";
            await table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace);
        }

        LedgerVerification verification = await VerifyAsync(pipeline);

        verification.Valid.ShouldBeFalse();
        verification.Faults.ShouldContain(f => f.Number == 2);
    }

    [Fact]
    public async Task AnchorAsync_TwiceOnADay_TheFirstStands()
    {
        string pipeline = azurite.UniqueName();
        var anchors = new LedgerContainer(new BlobServiceClient(azurite.ConnectionString));
        var day = new DateOnly(2026, 1, 2);
        await anchors.AnchorAsync(pipeline, new LedgerAnchor(day, 7, "first"), default);
        await anchors.AnchorAsync(pipeline, new LedgerAnchor(day, 9, "second"), default);
        await anchors.AnchorAsync(pipeline, new LedgerAnchor(day.AddDays(1), 9, "third"), default);

        (await anchors.ListAsync(pipeline, default)).ShouldBe([new LedgerAnchor(day, 7, "first"), new LedgerAnchor(day.AddDays(1), 9, "third")]);
    }

    [Fact]
    public async Task MoveVersionAsync_AHundredTagsAndAliasesAtOnce_LoseNone()
    {
        string pipeline = azurite.UniqueName();
        await _registry.RegisterAsync(pipeline, Model("a"), Because, default);

        await Task.WhenAll(Enumerable.Range(0, 80).Select(i => i < 40
            ? _registry.MoveVersionAsync(pipeline, 1, (head, row, at) => VersionMoves.Tag(head, row, $"k{i}", "v", Because, at), default)
            : _registry.MoveVersionAsync(pipeline, 1, (head, row, at) => AliasMoves.Set(head, row, $"a{i}", null, Because, at), default)));

        (await _registry.GetVersionAsync(pipeline, 1, default))!.Tags.Count.ShouldBe(40);
        (await _registry.GetHeadAsync(pipeline, default)).Aliases.Count.ShouldBe(40);
        (await VerifyAsync(pipeline)).Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task MoveVersionAsync_Deleted_FreesTheBytesForANewVersionAndNeverServes()
    {
        string pipeline = azurite.UniqueName();
        await _registry.RegisterAsync(pipeline, Model("a"), Because, default);
        await _registry.MoveVersionAsync(pipeline, 1, (head, row, at) => VersionMoves.Delete(head, row, Because, at), default);

        (await _registry.FindByModelAsync(pipeline, "a", default)).ShouldBeNull();
        (await Should.ThrowAsync<RegistryMoveException>(() => _registry.PromoteAsync(pipeline, 1, Because, default))).Message.ShouldContain("was deleted");
        (await _registry.RegisterAsync(pipeline, Model("a"), Because, default)).Version.ShouldBe(2);
        await _registry.MoveVersionAsync(pipeline, 1, (head, row, at) => VersionMoves.Tag(head, row, "why", "old", Because, at), default);
        (await _registry.FindByModelAsync(pipeline, "a", default))!.Version.ShouldBe(2);
    }

    private async Task<LedgerVerification> VerifyAsync(string pipeline) =>
        await LedgerVerification.OfAsync(await _registry.GetHeadAsync(pipeline, default), _registry.ReadLedgerAsync(pipeline, default), []);

    private static ModelRegistration Model(string id) => new()
    {
        ModelId = id, DatasetId = "d", SpecHash = "s", Candidate = "boosting", RunId = "run-1", Metrics = new Dictionary<string, double> { ["auc"] = 0.8 },
    };
}
