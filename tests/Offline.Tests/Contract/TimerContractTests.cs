using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using ServerlessMlops.EndToEnd.Harness;

namespace ServerlessMlops.Offline.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class TimerContractTests(ContractFixture fixture)
{
    private sealed record Status(DateTime Last, DateTime Next, DateTime LastUpdated);

    [Fact]
    public async Task Status_OfANewTimer_SaysWhenItIsNext()
    {
        Status status = await StatusAsync(fixture.App.App, s => s is not null);

        status.Last.ShouldBe(default);
        status.Next.ShouldBe(new DateTime(TimeProvider.System.GetUtcNow().Year + 1, 1, 1));
        (await fixture.App.CallsAsync("TimerYearly")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Occurrence_ThatWasMissed_IsMadeUpForAtOnceAndOnce()
    {
        ContractApp.Names names = fixture.NewNames();
        int year = TimeProvider.System.GetUtcNow().Year;
        await WriteAsync(names, new Status(Utc(year - 2), Utc(year - 1), Utc(year - 2)));

        await using ContractApp app = await fixture.StartAsync(names);
        string call = (await app.CallsAsync("TimerYearly", 1))[0];
        Status status = await StatusAsync(names, s => s!.Next > TimeProvider.System.GetUtcNow().UtcDateTime);

        call.ShouldBe($"True|{year - 1}-01-01T00:00:00");
        status.Next.ShouldBe(Utc(year + 1));
        status.Last.ShouldBeGreaterThan(Utc(year - 1));
        (await app.CallsAsync("TimerYearly")).Count.ShouldBe(1);
    }

    /// <summary>What another schedule said to be due is not: a changed one begins anew.</summary>
    [Fact]
    public async Task Schedule_ThatHasChanged_IsNotPastDue()
    {
        ContractApp.Names names = fixture.NewNames();
        int year = TimeProvider.System.GetUtcNow().Year;
        await WriteAsync(names, new Status(Utc(year - 2), Utc(year - 1), Utc(year - 2)));

        await using ContractApp app = await fixture.StartAsync(names, ("YEARLY", "0 0 0 2 1 *"));
        Status status = await StatusAsync(names, s => s!.Next > TimeProvider.System.GetUtcNow().UtcDateTime);

        status.Next.ShouldBe(Utc(year + 1).AddDays(1));
        (await app.CallsAsync("TimerYearly")).ShouldBeEmpty();
    }

    [Fact]
    public async Task RunOnStartup_AndRetries_AreHeeded()
    {
        await using ContractApp app = await fixture.StartAsync(
            fixture.NewNames(), ("AzureWebJobs.TimerAtStart.Disabled", "false"), ("AzureWebJobs.TimerRetried.Disabled", "false"));

        (await app.CallsAsync("TimerAtStart", 1)).ShouldBe(["False"]);
        (await app.CallsAsync("TimerRetried", 3)).ShouldBe(["0/2", "1/2", "2/2"]);
    }

    /// <summary>Two processes of one app: one fires; when it is killed the other takes over once the lease has run out.</summary>
    [OfflineFact]
    public async Task Timer_OfTwoProcesses_FiresInOneAndNeverOverlaps()
    {
        ContractApp.Names names = fixture.NewNames();
        await using ContractApp first = await fixture.StartAsync(names, ("AzureWebJobs.TimerOften.Disabled", "false"), ("AzureWebJobs.TimerLong.Disabled", "false"));
        await first.CallsAsync("TimerOften", 1);
        await using ContractApp second = await fixture.StartAsync(names, ("AzureWebJobs.TimerOften.Disabled", "false"), ("AzureWebJobs.TimerLong.Disabled", "false"));

        (await first.CallsAsync("TimerOften", 5)).ShouldAllBe(call => call == "False|True"); // a timer this frequent has no status
        (await first.CallsAsync("TimerLong", 3)).ShouldAllBe(call => call == "1");
        second.Log.ShouldNotContain("Timer TimerOften fires");
        (await first.TerminateAsync()).ShouldBe(0);
        await Eventually.GetAsync("the second takes over", () =>
            Task.FromResult((second.Log.Contains("Timer TimerOften fires", StringComparison.Ordinal) ? "" : null, second.Log)));
    }

    private static DateTime Utc(int year) => new(year, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private BlobClient StatusBlob(ContractApp.Names names) =>
        new(fixture.Azurite.ConnectionString, "azure-webjobs-hosts", $"timers/{names.HostId}/TimerYearly/status");

    private async Task WriteAsync(ContractApp.Names names, Status status)
    {
        await StatusBlob(names).GetParentBlobContainerClient().CreateIfNotExistsAsync();
        await StatusBlob(names).UploadAsync(BinaryData.FromObjectAsJson(status));
    }

    private Task<Status> StatusAsync(ContractApp.Names names, Func<Status?, bool> fits) => Eventually.GetAsync("the timer's status is kept", async () =>
    {
        BlobClient blob = StatusBlob(names);
        Status? status = await blob.ExistsAsync() ? JsonSerializer.Deserialize<Status>((await blob.DownloadContentAsync()).Value.Content) : null;
        return (status is not null && fits(status) ? status : null, $"{status}");
    });
}
