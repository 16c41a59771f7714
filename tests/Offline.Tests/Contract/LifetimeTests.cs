using System.Net;
using ServerlessMlops.EndToEnd.Harness;

namespace ServerlessMlops.Offline.Tests.Contract;

/// <summary>How the app starts, and how it ends.</summary>
[Collection(ContractCollection.Name)]
public sealed class LifetimeTests(ContractFixture fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [OfflineFact]
    public async Task Start_OnATakenPort_SaysSoInASentenceAndEndsWith1()
    {
        await using RealProcess second = ContractApp.Launch(fixture.Azurite.ConnectionString, fixture.NewNames(), fixture.App.Address.Port);

        (await second.WaitAsync(Limit)).ShouldBe(1, second.All);
        second.Error.ShouldContain($"127.0.0.1:{fixture.App.Address.Port}");
        second.Error.ShouldContain("--port");
        second.All.ShouldNotContain("   at ");
    }

    [OfflineFact]
    public async Task Start_WithoutStorage_SaysSoInASentenceAndEndsWith1()
    {
        // Port 1 answers nobody.
        const string Nowhere = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=AAAA;BlobEndpoint=http://127.0.0.1:1/devstoreaccount1;QueueEndpoint=http://127.0.0.1:1/devstoreaccount1;TableEndpoint=http://127.0.0.1:1/devstoreaccount1";
        await using RealProcess app = ContractApp.Launch(Nowhere, fixture.NewNames());

        (await app.WaitAsync(Limit)).ShouldBe(1, app.All);
        app.Error.ShouldContain("AzureWebJobsStorage");
        app.Error.ShouldContain("Start Azurite");
        app.All.ShouldNotContain("   at ");
    }

    [OfflineTheory]
    [InlineData("YEARLY", "60 * * * * *", "TimerYearly")]
    [InlineData("YEARLY", null, "YEARLY")]
    [InlineData("Other", null, "Other")]
    [InlineData("WEBSITE_TIME_ZONE", "Mars/Olympus", "Mars/Olympus")]
    [InlineData("AzureFunctionsJobHost__functionTimeout", "soon", "functionTimeout")]
    public async Task Start_WithABadSetting_NamesItAndEndsWith1(string setting, string? value, string named)
    {
        await using RealProcess app = ContractApp.Launch(fixture.Azurite.ConnectionString, fixture.NewNames(), 0, (setting, value));

        (await app.WaitAsync(Limit)).ShouldBe(1, app.All);
        app.Error.ShouldContain(named);
        app.All.ShouldNotContain("   at ");
    }

    /// <summary>Told to stop, it lets a request and a blob's call end, and takes no new ones.</summary>
    [Fact]
    public async Task Stop_WhileFunctionsRun_LetsThemEnd()
    {
        await using ContractApp app = await fixture.StartAsync(fixture.NewNames());
        await app.DropAsync("slow/a", "x");
        Task<HttpStatusCode> request = app.StatusAsync("Slow?ms=1500");
        await Eventually.GetAsync("the request is being served", async () =>
            (await app.StatusAsync("Slow?ms=1") == HttpStatusCode.OK && (await app.Http.GetStringAsync("Slow?ms=1")) != "1" ? "" : null, app.Log));

        (await app.TerminateAsync()).ShouldBe(0, app.Log);

        (await request).ShouldBe(HttpStatusCode.OK);
        (await app.CallsAsync("BlobSlow")).Count.ShouldBeLessThanOrEqualTo(1);
    }
}
