using Azure.Data.Tables;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Storage.Training;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Training;

public class RequestsTableTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly RequestsTable _requests = new(new TableServiceClient(azurite.ConnectionString));

    [Fact]
    public async Task UpdateAsync_FiftyWishesAtOnce_AreTwoTrainings()
    {
        string pipeline = azurite.UniqueName();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _requests.UpdateAsync(pipeline, row => row.Ask($"file {i}", Noon), default)));

        TrainingRequest row = await _requests.GetAsync(pipeline, default);
        (row.Generation, row.Running, row.Pending).ShouldBe((1, true, true));
        (await _requests.UpdateAsync(pipeline, r => r.End(1), default)).Generation.ShouldBe(2);
        (await _requests.UpdateAsync(pipeline, r => r.End(2), default)).Running.ShouldBeFalse();
    }

    [Fact]
    public async Task ListRunningAsync_NamesThoseUnderWay()
    {
        string running = azurite.UniqueName(), idle = azurite.UniqueName();
        await _requests.UpdateAsync(running, row => row.Ask("wish", Noon), default);
        await _requests.UpdateAsync(idle, row => row.Ask("wish", Noon).End(1), default);

        var found = new List<string>();
        await foreach ((string pipeline, _) in _requests.ListRunningAsync(default))
        {
            found.Add(pipeline);
        }

        found.ShouldContain(running);
        found.ShouldNotContain(idle);
    }
}
