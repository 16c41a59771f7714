using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Monitoring;

/// <summary>Live counts and what they say, over HTTP.</summary>
public sealed class MonitoringApi(IModelRegistry registry, IModelStore models, IMonitorReports reports, CheckModel checks, WindowFlusher flusher, TimeProvider time)
{
    /// <summary>How old the newest scheduled report may be to be shown.</summary>
    internal static readonly TimeSpan ReportAge = TimeSpan.FromDays(7);

    /// <summary>
    /// GET /api/pipelines/{pipeline}/windows?version=: the counts of the spec's window up to now beside those of training, and what a check would
    /// find. Changes nothing and raises nothing.
    /// </summary>
    [Function("GetWindows")]
    public async Task<IActionResult> Windows(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/windows")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        string asked = request.Query["version"].ToString();
        int? version = asked.Length == 0 ? (await registry.GetHeadAsync(pipeline, cancellation)).Live?.Version
            : int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
            : -1;
        if (version is null)
        {
            return Problem.NotFound($"Pipeline '{pipeline}' has no live model, so nothing is counted.");
        }

        if (version < 1)
        {
            return Problem.BadRequest($"Query parameter 'version' is '{asked}'; expected a model version such as 3, or none for the live one.");
        }

        if (await models.LoadCardAsync(pipeline, version.Value, cancellation) is not { } card)
        {
            return Problem.NotFound($"Pipeline '{pipeline}' has no model version {version}.");
        }

        // What this instance has counted in the running minute belongs to "now".
        await flusher.FlushAsync(cancellation);
        MonitorSpec spec = await checks.SpecAsync(pipeline, cancellation);
        DateTimeOffset until = time.GetUtcNow().AddMinutes(1);
        MonitoredTraffic traffic = await checks.TrafficAsync(card, version.Value, until, spec, cancellation);
        MonitorReport report = await checks.EvaluateAsync(card, version.Value, traffic, spec, await checks.BeforeAsync(pipeline, version.Value, until, cancellation), cancellation);
        return Json.Ok(new WindowsAnswer(
            report,
            [.. card.Reference.Select((reference, i) => new FeatureWindow(reference, traffic.Window.Features[i], traffic.Window.OutOfRange[i], traffic.Window.Unknown[i]))],
            new FeatureWindow(card.OutputReference, traffic.Window.Outputs, 0, 0),
            Milliseconds(traffic.Window, 0.5),
            Milliseconds(traffic.Window, 0.99)));
    }

    /// <summary>GET /api/pipelines/{pipeline}/monitor: the newest report of the scheduled checks.</summary>
    [Function("GetMonitorReport")]
    public async Task<IActionResult> Report(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/monitor")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return await reports.GetLatestAsync(pipeline, time.GetUtcNow(), ReportAge, null, cancellation) is { } report
            ? Json.Ok(report)
            : Problem.NotFound($"Pipeline '{pipeline}' has no monitor report of the last {ReportAge.TotalDays:0} days; checks run by MONITOR_SCHEDULE once a model is live. GET /api/pipelines/{pipeline}/windows checks now.");
    }

    private static double? Milliseconds(WindowSums window, double quantile) =>
        LatencyGroups.Quantile(window.Latencies, quantile) is { } latency && latency < TimeSpan.MaxValue ? latency.TotalMilliseconds : null;
}

/// <summary>Counts of one feature, live beside training.</summary>
/// <param name="Reference">Groups and counts of training.</param>
/// <param name="Live">Live counts in the same groups.</param>
/// <param name="OutOfRange">Live numbers outside the training range.</param>
/// <param name="Unknown">Live categories not seen in training.</param>
public sealed record FeatureWindow(FeatureGroups Reference, IReadOnlyList<long> Live, long OutOfRange, long Unknown);

/// <summary>What GET windows answers.</summary>
/// <param name="Report">What a check of this window finds.</param>
/// <param name="Features">Inputs in the model's order.</param>
/// <param name="Output">The model's answers.</param>
/// <param name="P50Milliseconds">Median latency, an upper bound within a factor of 1.42.</param>
/// <param name="P99Milliseconds">99th percentile, the same.</param>
public sealed record WindowsAnswer(MonitorReport Report, IReadOnlyList<FeatureWindow> Features, FeatureWindow Output, double? P50Milliseconds, double? P99Milliseconds);
