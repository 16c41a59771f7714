using System.Buffers;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.OpenInference;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Whether the app and its models answer, in the words of MLflow (<c>/ping</c>, <c>/health</c>, <c>/version</c>) and of the Open Inference Protocol.</summary>
public sealed class HealthFunctions(ModelCache models, PredictionLog log, ScoringEndpoint endpoint)
{
    private static readonly string Version =
        typeof(HealthFunctions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>GET /ping: 200 while the process answers.</summary>
    [Function("Ping")]
    public IActionResult Ping([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "ping")] HttpRequest request) => new OkResult();

    /// <summary>
    /// GET /health: 200 while the process answers; <c>status</c> is <c>degraded</c> when a model in memory could not be refreshed or the prediction log
    /// could not be written, with the models, the faults and what the log holds and dropped.
    /// </summary>
    [Function("Health")]
    public IActionResult Health([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request)
    {
        IReadOnlyList<ServingState> states = models.States();
        return Json(200, new HealthReport(
            states.Any(s => s.Fault is not null) || log.Fault is not null ? "degraded" : "healthy", states, endpoint.RequestsInFlight, log.BufferedBytes, log.DroppedRows, log.Fault));
    }

    /// <summary>GET /version: the app's version, as text.</summary>
    [Function("Version")]
    public IActionResult AppVersion([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "version")] HttpRequest request) =>
        new ContentResult { Content = Version, ContentType = "text/plain; charset=utf-8", StatusCode = 200 };

    /// <summary>GET /v2: the server's metadata.</summary>
    [Function("ServerMetadata")]
    public IActionResult ServerMetadata([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v2")] HttpRequest request) =>
        Json(200, new { name = InferenceWriter.ServerName, version = Version, extensions = Array.Empty<string>() });

    /// <summary>GET /v2/health/live: 200 while the process answers.</summary>
    [Function("ServerLive")]
    public IActionResult Live([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v2/health/live")] HttpRequest request) => Json(200, new { live = true });

    /// <summary>GET /v2/health/ready: 200 when every model that was asked for can answer, else 503.</summary>
    [Function("ServerReady")]
    public IActionResult Ready([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v2/health/ready")] HttpRequest request)
    {
        bool ready = models.States().All(s => s.Version is not null);
        return Json(ready ? 200 : 503, new { ready });
    }

    /// <summary>GET /v2/models/{pipeline}: the metadata of the model that serves.</summary>
    [Function("ModelMetadata")]
    public Task<IActionResult> ModelMetadata(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "v2/models/{pipeline}")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        OfModelAsync(request, pipeline, null, Describe, cancellation);

    /// <summary>GET /v2/models/{pipeline}/versions/{version}: the same of a version or alias; 404 where nobody may ask for it.</summary>
    [Function("ModelVersionMetadata")]
    public Task<IActionResult> ModelVersionMetadata(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "v2/models/{pipeline}/versions/{version}")] HttpRequest request, string pipeline, string version, CancellationToken cancellation) =>
        OfModelAsync(request, pipeline, version, Describe, cancellation);

    /// <summary>GET /v2/models/{pipeline}/ready: 200 when the model answers, 404 when none serves, 503 when it cannot be loaded.</summary>
    [Function("ModelReady")]
    public Task<IActionResult> ModelReady(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v2/models/{pipeline}/ready")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        OfModelAsync(request, pipeline, null, IsReady, cancellation);

    /// <summary>GET /v2/models/{pipeline}/versions/{version}/ready: the same of a version or alias; 404 where nobody may ask for it.</summary>
    [Function("ModelVersionReady")]
    public Task<IActionResult> ModelVersionReady(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v2/models/{pipeline}/versions/{version}/ready")] HttpRequest request, string pipeline, string version, CancellationToken cancellation) =>
        OfModelAsync(request, pipeline, version, IsReady, cancellation);

    private async Task<IActionResult> OfModelAsync(
        HttpRequest request, string pipeline, string? version, Func<ServingModel, IActionResult> answer, CancellationToken cancellation)
    {
        ModelLookup found = await models.GetAsync(pipeline, version, cancellation);
        return found.Problem is { } problem
            ? ScoringProblemResult.Of(problem, request)
            : answer(found.Model!.Model);
    }

    private static IActionResult IsReady(ServingModel model) => Json(200, new { name = model.Card.Pipeline, ready = true });

    private static IActionResult Describe(ServingModel model)
    {
        var document = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(document))
        {
            InferenceWriter.WriteMetadata(writer, model);
        }

        return new FileContentResult(document.WrittenSpan.ToArray(), "application/json; charset=utf-8");
    }

    private static IActionResult Json<T>(int status, T value) => new ContentResult
    {
        StatusCode = status,
        ContentType = "application/json; charset=utf-8",
        Content = JsonSerializer.Serialize(value, MlopsJson.Options),
    };
}

/// <summary>How scoring stands in this process.</summary>
/// <param name="Status"><c>healthy</c>, or <c>degraded</c> when something is not as it should be and requests are answered all the same.</param>
/// <param name="Models">The models in memory, and those that could not be loaded.</param>
/// <param name="RequestsInFlight">Scoring requests being answered.</param>
/// <param name="LogBufferedBytes">Prediction log that waits for storage, about.</param>
/// <param name="LogDroppedRows">Rows answered and not logged since the process started.</param>
/// <param name="LogFault">Why the prediction log could not be written when it was last tried; null where it could.</param>
public sealed record HealthReport(
    string Status, IReadOnlyList<ServingState> Models, int RequestsInFlight, long LogBufferedBytes, long LogDroppedRows, string? LogFault = null);
