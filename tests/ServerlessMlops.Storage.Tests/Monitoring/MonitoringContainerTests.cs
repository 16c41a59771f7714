using Azure.Storage.Blobs;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Staleness;
using ServerlessMlops.Storage.Monitoring;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Monitoring;

public class MonitoringContainerTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly DateTimeOffset Until = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private readonly MonitoringContainer _reports = new(new BlobServiceClient(azurite.ConnectionString));

    [Fact]
    public async Task SaveAsync_TwiceForOneWindow_TheFirstStands()
    {
        string pipeline = azurite.UniqueName();
        MonitorReport first = Report(pipeline, 2, Until, predictions: 7);
        (await _reports.SaveAsync(first, default)).Predictions.ShouldBe(7);
        (await _reports.SaveAsync(Report(pipeline, 2, Until, predictions: 8), default)).Predictions.ShouldBe(7);

        MonitorReport kept = (await _reports.GetAsync(pipeline, 2, Until, default))!;
        (kept.Pipeline, kept.Version, kept.From, kept.Until, kept.Alpha).ShouldBe((first.Pipeline, first.Version, first.From, first.Until, first.Alpha));
        kept.Memory.ShouldBe(first.Memory);
        MonitorFinding finding = kept.Findings.ShouldHaveSingleItem();
        (finding.Kind, finding.Verdict, finding.Effect, finding.PValue, finding.Sentence).ShouldBe((MonitorKind.DataDrift, MonitorVerdict.Alarm, 0.4, 1e-9, "moved"));
        finding.Measures["psi"].ShouldBe(0.4);
    }

    [Fact]
    public async Task SaveAsync_TenAtOnce_AllGetTheOneThatStands()
    {
        string pipeline = azurite.UniqueName();
        MonitorReport[] kept = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => _reports.SaveAsync(Report(pipeline, 2, Until, predictions: i), default)));
        kept.Select(report => report.Predictions).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task GetAsync_NoSuchReport_IsNull()
    {
        string pipeline = azurite.UniqueName();
        await _reports.SaveAsync(Report(pipeline, 2, Until), default);
        (await _reports.GetAsync(pipeline, 3, Until, default)).ShouldBeNull();
        (await _reports.GetAsync(pipeline, 2, Until.AddHours(1), default)).ShouldBeNull();
        (await _reports.GetLatestAsync(azurite.UniqueName(), Until, TimeSpan.FromDays(7), null, default)).ShouldBeNull();
    }

    [Fact]
    public async Task GetLatestAsync_OfSeveral_TheNewestByThenOfTheVersionAndNotTooOld()
    {
        string pipeline = azurite.UniqueName();
        foreach ((int version, int hours) in new[] { (2, -60), (2, -2), (2, -1), (3, -1), (2, 0), (3, 0), (2, 3) })
        {
            await _reports.SaveAsync(Report(pipeline, version, Until.AddHours(hours)), default);
        }

        (await Latest(Until, 24, null)).ShouldBe((3, Until));
        (await Latest(Until, 24, 2)).ShouldBe((2, Until));
        (await Latest(Until.AddTicks(-1), 24, 2)).ShouldBe((2, Until.AddHours(-1)), "what came later is not known yet");
        (await Latest(Until.AddHours(-24), 48, null)).ShouldBe((2, Until.AddHours(-60)));
        (await Latest(Until.AddHours(-24), 12, null)).ShouldBeNull();
        (await Latest(Until, 24, 4)).ShouldBeNull();

        async Task<(int, DateTimeOffset)?> Latest(DateTimeOffset now, int hours, int? version) =>
            await _reports.GetLatestAsync(pipeline, now, TimeSpan.FromHours(hours), version, default) is { } report ? (report.Version, report.Until) : null;
    }

    [Fact]
    public async Task DeleteBeforeAsync_OldDays_YoungerOnesAndOtherPipelinesStay()
    {
        string pipeline = azurite.UniqueName(), other = pipeline + "-b";
        foreach (int days in new[] { -40, -3, -2, -1, 0 })
        {
            await _reports.SaveAsync(Report(pipeline, 2, Until.AddDays(days)), default);
        }

        await _reports.SaveAsync(Report(other, 2, Until.AddDays(-40)), default);
        (await _reports.DeleteBeforeAsync(pipeline, Until.AddDays(-2), default)).ShouldBe(2);
        (await _reports.DeleteBeforeAsync(pipeline, Until.AddDays(-2), default)).ShouldBe(0);
        (await _reports.GetAsync(pipeline, 2, Until.AddDays(-3), default)).ShouldBeNull();
        (await _reports.GetAsync(pipeline, 2, Until.AddDays(-2), default)).ShouldNotBeNull();
        (await _reports.GetAsync(other, 2, Until.AddDays(-40), default)).ShouldNotBeNull();
    }

    private static MonitorReport Report(string pipeline, int version, DateTimeOffset until, long predictions = 5) => new(
        pipeline, version, until.AddHours(-1), until, predictions, 5, 0.001,
        [new MonitorFinding(MonitorKind.DataDrift, "x", MonitorVerdict.Alarm, 5, 0.4, 0.2, 1e-9, 1e-8, "moved") { Measures = new Dictionary<string, double> { ["psi"] = 0.4 } }])
    {
        Memory = new MonitorMemory(new LastSeen(until.AddDays(-1), until, null, until.AddDays(-9)), until.AddHours(-3), 3),
    };
}
