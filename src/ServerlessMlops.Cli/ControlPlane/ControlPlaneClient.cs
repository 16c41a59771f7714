using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout.Replay;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Cli.ControlPlane;

/// <summary>The app's HTTP control plane and scoring, as the command line uses them. Errors arrive as <see cref="CliException"/> with the app's own words.</summary>
internal sealed class ControlPlaneClient : IDisposable
{
    private const int LargestBodyBytes = 64 * 1024 * 1024;

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    /// <param name="address">Base address of the app.</param>
    /// <param name="key">Function key, or null.</param>
    /// <param name="actor">Who asks, as the ledger shall record it where the platform does not know; or null.</param>
    /// <param name="time">The clock of the limits.</param>
    public ControlPlaneClient(Uri address, string? key, string? actor, TimeProvider time)
    {
        Address = address;
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + "/"),
            Timeout = TimeSpan.FromSeconds(100),
            MaxResponseContentBufferSize = LargestBodyBytes,
        };
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Add("x-functions-key", key);
        }

        if (actor is not null && actor.All(c => c is > ' ' and < (char)127))
        {
            _http.DefaultRequestHeaders.Add("X-Actor", actor);
        }
    }

    /// <summary>Where the app is.</summary>
    public Uri Address { get; }

    /// <summary>Whether the app answers its health check with 200 now.</summary>
    public async Task<bool> IsHealthyAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync("health", both.Token);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return false;
        }
    }

    /// <summary>Writes the pipeline's spec.</summary>
    public async Task PutSpecAsync(string pipeline, string yaml, CancellationToken cancellation)
    {
        using var body = new StringContent(yaml, Encoding.UTF8, new MediaTypeHeaderValue("text/yaml", "utf-8"));
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Put, $"api/pipelines/{Segment(pipeline)}", body, cancellation);
    }

    /// <summary>Asks for a link that creates one upload.</summary>
    public Task<UploadLinkView> CreateUploadLinkAsync(string pipeline, string name, int minutes, CancellationToken cancellation) =>
        PostAsync<UploadLinkView>($"api/pipelines/{Segment(pipeline)}/uploads", JsonContent.Create(new { name, minutes }, options: MlopsJson.Options), cancellation);

    /// <summary>The names of all pipelines that have a spec.</summary>
    public async Task<string[]> ListPipelinesAsync(CancellationToken cancellation) =>
        [.. (await GetAsync<Page<NamedPipeline>>("api/pipelines", cancellation)).Items.Select(item => item.Name)];

    /// <summary>One page of runs, newest first.</summary>
    public Task<Page<Run>> ListRunsAsync(string pipeline, string? next, CancellationToken cancellation) =>
        GetAsync<Page<Run>>($"api/pipelines/{Segment(pipeline)}/runs{Continuation(next)}", cancellation);

    /// <summary>One page of model versions, newest first.</summary>
    public Task<Page<ModelItem>> ListModelsAsync(string pipeline, string? next, CancellationToken cancellation) =>
        GetAsync<Page<ModelItem>>($"api/pipelines/{Segment(pipeline)}/models{Continuation(next)}", cancellation);

    /// <summary>Everything that is known of a model version.</summary>
    public Task<ModelCard> GetModelAsync(string pipeline, int version, CancellationToken cancellation) =>
        GetAsync<ModelCard>($"api/pipelines/{Segment(pipeline)}/models/{version}", cancellation);

    /// <summary>What serves.</summary>
    public Task<DeploymentView> GetDeploymentAsync(string pipeline, CancellationToken cancellation) =>
        GetAsync<DeploymentView>($"api/pipelines/{Segment(pipeline)}/deployment", cancellation);

    /// <summary>Makes a version serve, by its number or its alias.</summary>
    public Task<DeploymentView> PromoteAsync(string pipeline, string version, string why, CancellationToken cancellation) => PostAsync<DeploymentView>(
        $"api/pipelines/{Segment(pipeline)}/promote",
        int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? JsonContent.Create(new { version = number, why }, options: MlopsJson.Options)
            : JsonContent.Create(new { alias = version, why }, options: MlopsJson.Options),
        cancellation);

    /// <summary>Keeps the running rollout at its step (<c>hold</c>), or lets it go on (<c>resume</c>).</summary>
    public Task<DeploymentView> MoveRolloutAsync(string pipeline, string verb, string why, CancellationToken cancellation) =>
        PostAsync<DeploymentView>($"api/pipelines/{Segment(pipeline)}/{verb}", JsonContent.Create(new { why }, options: MlopsJson.Options), cancellation);

    /// <summary>The version that an alias stands for.</summary>
    public async Task<int> GetAliasAsync(string pipeline, string alias, CancellationToken cancellation) =>
        (await GetAsync<ModelAlias>($"api/pipelines/{Segment(pipeline)}/aliases/{Segment(alias)}", cancellation)).Version;

    /// <summary>Takes a version, which serves, out of service for the one before.</summary>
    public Task<DeploymentView> RollBackAsync(string pipeline, int version, string why, CancellationToken cancellation) =>
        PostAsync<DeploymentView>($"api/pipelines/{Segment(pipeline)}/rollback", JsonContent.Create(new { version, why }, options: MlopsJson.Options), cancellation);

    /// <summary>Ends a run that runs or waits.</summary>
    public Task<RunVerbView> CancelRunAsync(string pipeline, string runId, string why, CancellationToken cancellation) =>
        PostAsync<RunVerbView>($"{RunPath(pipeline, runId)}/cancel", JsonContent.Create(new { why }, options: MlopsJson.Options), cancellation);

    /// <summary>Tries a run again.</summary>
    public Task<RunVerbView> RetryRunAsync(string pipeline, string runId, CancellationToken cancellation) =>
        PostAsync<RunVerbView>($"{RunPath(pipeline, runId)}/retry", JsonContent.Create(new { }, options: MlopsJson.Options), cancellation);

    /// <summary>Says whether a version may go live; <paramref name="decision"/> is <c>approve</c> or <c>decline</c>.</summary>
    public Task<ModelVersion> DecideAsync(string pipeline, string runId, string decision, string why, CancellationToken cancellation) =>
        PostAsync<ModelVersion>($"{RunPath(pipeline, runId)}/approval", JsonContent.Create(new { decision, why }, options: MlopsJson.Options), cancellation);

    /// <summary>One page of the ledger, newest first.</summary>
    public Task<Page<LedgerEntry>> ListLedgerAsync(string pipeline, string? next, CancellationToken cancellation) =>
        GetAsync<Page<LedgerEntry>>($"api/pipelines/{Segment(pipeline)}/ledger{Continuation(next)}", cancellation);

    /// <summary>The ledger, recomputed by the app.</summary>
    public Task<LedgerVerification> VerifyLedgerAsync(string pipeline, CancellationToken cancellation) =>
        GetAsync<LedgerVerification>($"api/pipelines/{Segment(pipeline)}/ledger/verify", cancellation);

    /// <summary>Asks for a replay of logged requests by a version.</summary>
    public Task<ReplayStarted> StartReplayAsync(
        string pipeline, int version, DateTimeOffset from, DateTimeOffset? to, IReadOnlyDictionary<string, string>? labels, CancellationToken cancellation) =>
        PostAsync<ReplayStarted>(
            $"api/pipelines/{Segment(pipeline)}/replays", JsonContent.Create(new { version, from, to, labels }, options: MlopsJson.Options), cancellation);

    /// <summary>A replay's report, or null while it is made.</summary>
    public async Task<ReplayReport?> GetReplayAsync(string pipeline, string runId, CancellationToken cancellation)
    {
        JsonElement answer = await GetAsync<JsonElement>($"api/pipelines/{Segment(pipeline)}/replays/{Segment(runId)}", cancellation);
        return answer.TryGetProperty("sums", out _) ? answer.Deserialize<ReplayReport>(MlopsJson.Options) : null;
    }

    /// <summary>One page of alerts, latest beginning first.</summary>
    public Task<Page<Alert>> ListAlertsAsync(string pipeline, string? next, CancellationToken cancellation) =>
        GetAsync<Page<Alert>>($"{AlertsPath(pipeline)}{Continuation(next)}", cancellation);

    /// <summary>An alert, and how it was delivered.</summary>
    public Task<AlertView> GetAlertAsync(string pipeline, string id, CancellationToken cancellation) =>
        GetAsync<AlertView>($"{AlertsPath(pipeline)}/{Segment(id)}", cancellation);

    /// <summary>Says what becomes of an alert; <paramref name="verb"/> is <c>acknowledge</c> or <c>resolve</c>.</summary>
    public Task<Alert> MoveAlertAsync(string pipeline, string id, string verb, CancellationToken cancellation) =>
        PostAsync<Alert>($"{AlertsPath(pipeline)}/{Segment(id)}/{verb}", JsonContent.Create(new { }, options: MlopsJson.Options), cancellation);

    /// <summary>Sends a trial notification by every channel.</summary>
    public Task<RehearsalOutcome[]> TestAlertsAsync(string pipeline, CancellationToken cancellation) =>
        PostAsync<RehearsalOutcome[]>($"{AlertsPath(pipeline)}/test", JsonContent.Create(new { }, options: MlopsJson.Options), cancellation);

    /// <summary>Silences in force, or all there were.</summary>
    public Task<Silence[]> ListSilencesAsync(string pipeline, bool all, CancellationToken cancellation) =>
        GetAsync<Silence[]>($"api/pipelines/{Segment(pipeline)}/silences{(all ? "?all=true" : "")}", cancellation);

    /// <summary>Asks for a silence.</summary>
    public Task<Silence> SilenceAsync(string pipeline, SilenceWish wish, CancellationToken cancellation) =>
        PostAsync<Silence>($"api/pipelines/{Segment(pipeline)}/silences", JsonContent.Create(wish, options: MlopsJson.Options), cancellation);

    /// <summary>Ends a silence.</summary>
    public Task<Silence> EndSilenceAsync(string pipeline, string id, CancellationToken cancellation) =>
        ExchangeAsync<Silence>(HttpMethod.Delete, $"api/pipelines/{Segment(pipeline)}/silences/{Segment(id)}", null, cancellation);

    /// <summary>Scores rows by the live model, or by the version or alias that is named: an MLflow invocation.</summary>
    public Task<InvocationAnswer> InvokeAsync(string pipeline, string? version, ScoringRows rows, CancellationToken cancellation) =>
        PostAsync<InvocationAnswer>(
            $"models/{Segment(pipeline)}{(version is null ? "" : $"@{Segment(version)}")}/invocations", JsonContent.Create(new { dataframe_split = rows }, options: MlopsJson.Options), cancellation);

    public void Dispose() => _http.Dispose();

    private static string RunPath(string pipeline, string runId) => $"api/pipelines/{Segment(pipeline)}/runs/{Segment(runId)}";

    private static string AlertsPath(string pipeline) => $"api/pipelines/{Segment(pipeline)}/alerts";

    private static string Segment(string text) => Uri.EscapeDataString(text);

    private static string Continuation(string? next) => next is null ? "" : $"?next={Uri.EscapeDataString(next)}";

    private Task<T> GetAsync<T>(string path, CancellationToken cancellation) => ExchangeAsync<T>(HttpMethod.Get, path, null, cancellation);

    private async Task<T> PostAsync<T>(string path, HttpContent body, CancellationToken cancellation)
    {
        using (body)
        {
            return await ExchangeAsync<T>(HttpMethod.Post, path, body, cancellation);
        }
    }

    private async Task<T> ExchangeAsync<T>(HttpMethod method, string path, HttpContent? body, CancellationToken cancellation)
    {
        using HttpResponseMessage answer = await SendAsync(method, path, body, cancellation);
        try
        {
            return await answer.Content.ReadFromJsonAsync<T>(MlopsJson.Options, cancellation)
                ?? throw new JsonException("the body is null");
        }
        catch (JsonException problem)
        {
            throw CliException.Failed(
                $"{method} {_http.BaseAddress}{path} answered {(int)answer.StatusCode} with a body that this version of mlops cannot read: {problem.Message} " +
                "Is it the address of a ServerlessMlops app of the same version?",
                problem);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, cancellation);
        }
        catch (HttpRequestException problem)
        {
            throw CliException.Environment(
                $"The app does not answer at {Address}: {problem.Message} Start it with 'mlops up', or name it with --url.", problem);
        }
        catch (OperationCanceledException problem) when (!cancellation.IsCancellationRequested)
        {
            throw CliException.Environment($"The app at {Address} did not answer {method} {path} within {_http.Timeout.TotalSeconds:0} seconds.", problem);
        }

        if (answer.IsSuccessStatusCode)
        {
            return answer;
        }

        using (answer)
        {
            throw await ProblemReader.ReadAsync(answer, $"{method} {path}", cancellation);
        }
    }

    private sealed record NamedPipeline(string Name);
}
