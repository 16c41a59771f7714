using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>Alerts over HTTP.</summary>
public sealed class AlertsApi(IAlertStore alerts, HostingOptions hosting)
{
    /// <summary>GET /api/pipelines/{pipeline}/alerts: latest beginning first. The pipeline <c>_unassigned</c> holds those of no pipeline.</summary>
    [Function("ListAlerts")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/alerts")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!IsListable(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return Listing.PageSize(request) is { } size
            ? Json.Ok(await alerts.ListAsync(pipeline, size, Listing.Continuation(request), cancellation))
            : Listing.BadPageSize(request);
    }

    /// <summary>POST /api/pipelines/{pipeline}/alerts/{id}/acknowledge: somebody looks after it; no more reminders. Repeating it changes nothing.</summary>
    [Function("AcknowledgeAlert")]
    public async Task<IActionResult> Acknowledge(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/alerts/{id}/acknowledge")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation)
    {
        if (!IsListable(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (id.Length != 16 || !id.All(char.IsAsciiHexDigitLower))
        {
            return Problem.BadRequest($"'{id}' is no alert id; expected 16 hexadecimal digits, as GET /api/pipelines/{pipeline}/alerts lists them.");
        }

        string by = Caller.Of(request, hosting.PlatformAuthentication);
        Alert? alert = await alerts.UpdateAsync(pipeline, id, current => current is null ? null : AlertMoves.Acknowledge(current, by), cancellation);
        return alert switch
        {
            null => Problem.NotFound($"Pipeline '{pipeline}' has no alert '{id}'."),
            { State: AlertState.Resolved } => Problem.Conflict($"Alert '{id}' of pipeline '{pipeline}' is over since {alert.LastAt:yyyy-MM-dd HH:mm} UTC; there is nothing to acknowledge."),
            _ => Json.Ok(alert),
        };
    }

    private static bool IsListable(string pipeline) => pipeline == PipelineName.Unassigned || PipelineName.IsValid(pipeline);
}
