using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>The function app as a process of its own, on a free port, and its HTTP face.</summary>
internal sealed partial class AppProcess : IAsyncDisposable
{
    private readonly RealProcess _process;
    private readonly HttpClient _http;

    private AppProcess(RealProcess process, Uri url)
    {
        _process = process;
        _http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
    }

    public string Log => _process.All;

    public Uri Url => _http.BaseAddress!;

    /// <param name="connection">The storage account.</param>
    /// <param name="settings">More app settings, or other values of those below.</param>
    public static async Task<AppProcess> StartAsync(string connection, params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = connection,
            ["AzureWebJobsDisableHomepage"] = "true",
            // Timers stay out of the tests' way: the nightly ones would fire in the middle of one, once a day.
            ["RETRAIN_SCHEDULE"] = "0 0 0 29 2 *",
            ["MONITOR_SCHEDULE"] = "0 0 0 29 2 *",
            ["RECONCILE_SCHEDULE"] = "*/2 * * * * *",
        };
        foreach ((string name, string value) in settings)
        {
            environment[name] = value;
        }

        RealProcess process = RealProcess.Start(Programs.Functions, ["--port", "0"], environment);
        try
        {
            Uri url = await Eventually.GetAsync("the app says where it listens", () =>
            {
                process.HasExited.ShouldBeFalse(process.All);
                Match line = ListeningLine().Match(process.Output);
                return Task.FromResult((line.Success ? new Uri(line.Groups[1].Value) : null, process.All));
            });
            var app = new AppProcess(process, url);
            await Eventually.GetAsync("the app is healthy", async () =>
            {
                process.HasExited.ShouldBeFalse(process.All);
                using HttpResponseMessage answer = await app._http.GetAsync("health");
                return (answer.StatusCode == HttpStatusCode.OK ? "healthy" : null, $"{answer.StatusCode}\n{process.All}");
            });
            return app;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends the key with every request from now on.</summary>
    public void UseKey(string key) => _http.DefaultRequestHeaders.Add("x-functions-key", key);

    /// <summary>SIGKILL, as when the machine is taken away.</summary>
    public Task KillAsync() => _process.KillAsync();

    public async Task PutSpecAsync(string pipeline, string yaml)
    {
        using var body = new StringContent(yaml, Encoding.UTF8, "text/yaml");
        using HttpResponseMessage answer = await _http.PutAsync($"api/pipelines/{pipeline}", body);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
    }

    /// <summary>All runs of a pipeline, newest first.</summary>
    public async Task<IReadOnlyList<RunView>> RunsAsync(string pipeline)
    {
        using JsonDocument page = await GetAsync($"api/pipelines/{pipeline}/runs?top=1000");
        return [.. page.RootElement.GetProperty("items").EnumerateArray().Select(RunView.Of)];
    }

    /// <summary>Numbers of the versions of a pipeline, newest first.</summary>
    public async Task<IReadOnlyList<int>> VersionsAsync(string pipeline)
    {
        using JsonDocument page = await GetAsync($"api/pipelines/{pipeline}/models?top=1000");
        return [.. page.RootElement.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("version").GetInt32())];
    }

    /// <summary>The version that serves, or null.</summary>
    public async Task<int?> LiveAsync(string pipeline)
    {
        using JsonDocument deployment = await GetAsync($"api/pipelines/{pipeline}/deployment");
        return deployment.RootElement.TryGetProperty("live", out JsonElement live) && live.ValueKind == JsonValueKind.Object
            ? live.GetProperty("version").GetInt32()
            : null;
    }

    /// <summary>What a ledger's lines did, oldest first, such as <c>registered 1</c>.</summary>
    public async Task<IReadOnlyList<string>> LedgerAsync(string pipeline)
    {
        using JsonDocument page = await GetAsync($"api/pipelines/{pipeline}/ledger?top=1000");
        return
        [
            .. page.RootElement.GetProperty("items").EnumerateArray().Reverse().Select(line =>
                line.GetProperty("action").GetString() + (line.TryGetProperty("version", out JsonElement version) ? $" {version}" : "")),
        ];
    }

    /// <summary>GET; the status and the answer.</summary>
    public async Task<(HttpStatusCode Status, string Body)> GetTextAsync(string path)
    {
        using HttpResponseMessage answer = await _http.GetAsync(path);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>POST of a JSON body; the status and the answer.</summary>
    public async Task<(HttpStatusCode Status, string Body)> PostAsync(string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _http.PostAsync(path, body);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Waits for a run that <paramref name="which"/> accepts.</summary>
    public Task<RunView> RunAsync(string pipeline, string what, Func<RunView, bool> which, TimeSpan? interval = null) =>
        Eventually.GetAsync(what, async () =>
        {
            IReadOnlyList<RunView> runs = await RunsAsync(pipeline);
            return (runs.FirstOrDefault(which), string.Join("\n", runs) + "\n" + Tail(Log));
        }, interval);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    [GeneratedRegex(@"Now listening on: (http://\S+)")]
    private static partial Regex ListeningLine();

    private static string Tail(string log) => log.Length <= 6000 ? log : log[^6000..];

    /// <summary>GET of a JSON document.</summary>
    public async Task<JsonDocument> GetAsync(string path)
    {
        using HttpResponseMessage answer = await _http.GetAsync(path);
        string body = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, body);
        return JsonDocument.Parse(body);
    }
}

/// <summary>A run as the runs list shows it.</summary>
internal sealed record RunView(string Id, string Kind, string Status, string Stage, string? Reason, string Inputs)
{
    public bool IsEnded => Status is not ("running" or "waiting");

    public static RunView Of(JsonElement run) => new(
        run.GetProperty("id").GetString()!,
        run.GetProperty("kind").GetString()!,
        run.GetProperty("status").GetString()!,
        run.GetProperty("stage").GetString()!,
        run.TryGetProperty("reason", out JsonElement reason) ? reason.GetString() : null,
        run.TryGetProperty("inputs", out JsonElement inputs) ? inputs.ToString() : "");
}
