using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Monitoring;

namespace ServerlessMlops.Functions.Registry;

/// <summary>How a pipeline stands, for people, over HTTP.</summary>
public sealed class OverviewApi(IModelRegistry registry, IModelStore models, IMonitorReports reports, IAlertStore alerts, IRunLog runs, TimeProvider time)
{
    private const int LatestRuns = 15;
    private const int LatestAlerts = 200;

    /// <summary>
    /// GET /api/pipelines/{pipeline}/overview: what serves, what needs a person, how the model fares, what happened lately. A page in a browser, JSON where the caller asks for that, else Markdown.
    /// </summary>
    [Function("GetOverview")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/overview")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
        Page<Run> latest = await runs.ListAsync(pipeline, LatestRuns, null, cancellation);
        if (head.SpecHash is null && latest.Items.Count == 0)
        {
            return Problem.NotFound($"There is no pipeline '{pipeline}'. PUT /api/pipelines/{pipeline} with a YAML body makes one.");
        }

        PipelineOverview overview = PipelineOverview.Of(
            head,
            time.GetUtcNow(),
            head.Live is { } live ? await models.LoadCardAsync(pipeline, live.Version, cancellation) : null,
            await reports.GetLatestAsync(pipeline, time.GetUtcNow(), MonitoringApi.ReportAge, null, cancellation),
            (await alerts.ListAsync(pipeline, LatestAlerts, null, cancellation)).Items,
            latest.Items);
        return await CardAnswer.OfAsync(request, overview, () => Task.FromResult(overview.Document()));
    }
}
