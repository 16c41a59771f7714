using System.Net;
using System.Text;
using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;

namespace ServerlessMlops.Offline.Tests.Contract;

/// <summary>Orchestrations through the whole host: HTTP in, functions, storage, a process that may die.</summary>
[Collection(ContractCollection.Name)]
public sealed class DurableContractTests(ContractFixture fixture)
{
    private sealed record Instance(string Status, string? Output, string? Custom, string? Error, string? ErrorType);

    [Fact]
    public async Task Chain_OfActivitiesTimerAndSubOrchestration_GivesTheSum()
    {
        await StartAsync(fixture.App, "Chain", "plain", new { Steps = 3, StepMilliseconds = 0, PayloadBytes = 100 });

        Instance ended = await EndAsync(fixture.App, "plain");

        ended.ShouldBe(new Instance("Completed", "106", "\"step 2\"", null, null));
        (await StepsAsync(fixture.App, "plain")).Order().ShouldBe([0, 0, 1, 1, 2, 2]);
        Occurrences(fixture.App.Log, "chain-step 0 of plain").ShouldBe(1, "a replay-safe logger says a thing once");
    }

    /// <summary>Results far beyond what a table's column holds go by blob, and come back.</summary>
    [OfflineFact]
    public async Task Payload_OfAMegabyte_IsSpilledAndReadBack()
    {
        await StartAsync(fixture.App, "Chain", "large", new { Steps = 1, StepMilliseconds = 0, PayloadBytes = 1_000_000 });

        (await EndAsync(fixture.App, "large")).Output.ShouldBe("1000000");

        int spilled = 0;
        await foreach (var blob in fixture.App.Container($"{fixture.App.App.Hub}-largemessages").GetBlobsAsync())
        {
            spilled++;
        }

        spilled.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Events_RaisedBeforeTheyAreAwaited_AreKeptInOrder()
    {
        await StartAsync(fixture.App, "Sleeper", "early", null);
        (await fixture.App.Http.PostAsync("raise/early/Go/one", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await fixture.App.Http.PostAsync("raise/early/go/two", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        (await EndAsync(fixture.App, "early")).Output.ShouldBe("\"one,two\"");
    }

    [Fact]
    public async Task Start_UnderTheIdOfOneThatRuns_Fails()
    {
        await StartAsync(fixture.App, "Sleeper", "twice", null);

        (await PostAsync(fixture.App, "start/Sleeper/twice", null)).ShouldBe(HttpStatusCode.InternalServerError);
        await Eventually.GetAsync("the reason is logged", () =>
            Task.FromResult((fixture.App.Log.Contains("OrchestrationAlreadyExistsException", StringComparison.Ordinal) ? "" : null, fixture.App.Log)));
    }

    /// <summary>The worker takes its own version and older ones (CurrentOrOlder); what is newer is left for a newer worker (Reject).</summary>
    [Fact]
    public async Task Version_OfAnInstance_IsMatchedWithTheWorkers()
    {
        (await PostAsync(fixture.App, "start/Versioned/newer?version=3.0", null)).ShouldBe(HttpStatusCode.OK);
        (await PostAsync(fixture.App, "start/Versioned/older?version=1.0", null)).ShouldBe(HttpStatusCode.OK);
        (await PostAsync(fixture.App, "start/Versioned/same", null)).ShouldBe(HttpStatusCode.OK);

        (await EndAsync(fixture.App, "same")).Output.ShouldBe("\"2.0|1\"");
        (await EndAsync(fixture.App, "older")).Output.ShouldBe("\"1.0|-1\"");
        (await fixture.App.Http.GetStringAsync("ended/newer")).ShouldContain("Pending");
    }

    /// <summary>The same, told to fail what it does not match.</summary>
    [Fact]
    public async Task Version_OfANewerInstance_FailsWhereHostJsonSaysSo()
    {
        await using ContractApp app = await fixture.StartAsync(fixture.NewNames(), ("AzureFunctionsJobHost__extensions__durableTask__versionFailureStrategy", "Fail"));
        (await PostAsync(app, "start/Versioned/newer?version=3.0", null)).ShouldBe(HttpStatusCode.OK);

        (await EndAsync(app, "newer")).Status.ShouldBe("Failed");
    }

    [Fact]
    public async Task FunctionTimeout_OfAnActivity_FailsItWithATimeout()
    {
        await StartAsync(fixture.App, "TooLong", "long", null);

        (await EndAsync(fixture.App, "long")).Output.ShouldBe("\"System.TimeoutException\"");
    }

    /// <summary>
    /// The process is killed again and again in the middle; each time another takes up what the last left. Activities may have run twice, the result is the same.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Kill_AtAnyMoment_LosesNothing(int seed)
    {
        var random = new Random(seed);
        ContractApp.Names names = fixture.NewNames();
        string[] ids = [.. Enumerable.Range(0, 4).Select(i => $"k{seed}-{i}")];
        ContractApp app = await fixture.StartAsync(names);
        try
        {
            foreach (string id in ids)
            {
                await StartAsync(app, "Chain", id, new { Steps = 4, StepMilliseconds = 60, PayloadBytes = 50_000 });
            }

            for (int kill = 0; kill < 3; kill++)
            {
                // Not a wait for something: the moment itself is what is tried.
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(30, 900)), TimeProvider.System);
                await app.KillAsync();
                await app.DisposeAsync();
                app = await fixture.StartAsync(names);
            }

            foreach (string id in ids)
            {
                (await EndAsync(app, id)).ShouldBe(new Instance("Completed", "50012", "\"step 3\"", null, null), app.Log);
                (await StepsAsync(app, id)).Distinct().Order().ShouldBe([0, 1, 2, 3]);
            }
        }
        finally
        {
            await app.DisposeAsync();
        }
    }

    /// <summary>One hub, two processes: the one with the lease works, the other sends; when the first dies the second works.</summary>
    [OfflineFact]
    public async Task Hub_OfTwoProcesses_IsWorkedByOne()
    {
        ContractApp.Names names = fixture.NewNames();
        await using ContractApp first = await fixture.StartAsync(names);
        await StartAsync(first, "Chain", "warm", new { Steps = 1, StepMilliseconds = 0, PayloadBytes = 1 });
        await EndAsync(first, "warm");
        await using ContractApp second = await fixture.StartAsync(names);

        await StartAsync(second, "Chain", "sent", new { Steps = 3, StepMilliseconds = 0, PayloadBytes = 1 });
        (await EndAsync(second, "sent")).Output.ShouldBe("7");
        (await StepsAsync(first, "sent")).Count.ShouldBe(6, "each activity ran once, in one of them");

        await StartAsync(second, "Chain", "over", new { Steps = 4, StepMilliseconds = 100, PayloadBytes = 1 });
        await first.KillAsync();

        (await EndAsync(second, "over")).Output.ShouldBe("13");
    }

    private static async Task StartAsync(ContractApp app, string name, string id, object? input) =>
        (await PostAsync(app, $"start/{name}/{id}", input)).ShouldBe(HttpStatusCode.OK, app.Log);

    private static async Task<HttpStatusCode> PostAsync(ContractApp app, string path, object? input)
    {
        using StringContent? body = input is null ? null : new StringContent(JsonSerializer.Serialize(input), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await app.Http.PostAsync(path, body);
        return response.StatusCode;
    }

    private static Task<Instance> EndAsync(ContractApp app, string id) => Eventually.GetAsync($"{id} ends", async () =>
    {
        using HttpResponseMessage response = await app.Http.GetAsync($"ended/{id}");
        string body = await response.Content.ReadAsStringAsync();
        Instance? instance = response.IsSuccessStatusCode ? JsonSerializer.Deserialize<Instance>(body, JsonSerializerOptions.Web) : null;
        return (instance is { Status: "Completed" or "Failed" or "Terminated" } ? instance : null, $"{body}\n{app.Log}");
    });

    private static async Task<List<int>> StepsAsync(ContractApp app, string id) =>
    [
        .. (await app.CallsAsync("Step")).Select(c => c.Split('|')).Where(c => c[0] == id).Select(c => int.Parse(c[1], System.Globalization.CultureInfo.InvariantCulture)),
    ];

    private static int Occurrences(string text, string part) => text.Split(part).Length - 1;
}
