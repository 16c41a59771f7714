using Azure.Data.Tables;
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
        var ledger = new List<LedgerEntry>();
        string? next = null;
        do
        {
            Core.Page<LedgerEntry> page = await _registry.ListLedgerAsync(pipeline, 30, next, default);
            ledger.AddRange(page.Items);
            next = page.Next;
        }
        while (next is not null);

        ledger.Reverse();
        ledger.Select(e => e.Number).ShouldBe(Enumerable.Range(1, (int)head.LedgerLength).Select(n => (long)n));
        string previous = LedgerEntry.Genesis;
        foreach (LedgerEntry entry in ledger)
        {
            entry.PreviousHash.ShouldBe(previous);
            previous = entry.ComputeHash();
        }

        previous.ShouldBe(head.LedgerHash);
        head.Live!.Version.ShouldBe(ledger[^1].Version!.Value);
    }

    private static ModelRegistration Model(string id) => new()
    {
        ModelId = id, DatasetId = "d", SpecHash = "s", Candidate = "boosting", RunId = "run-1", Metrics = new Dictionary<string, double> { ["auc"] = 0.8 },
    };
}
