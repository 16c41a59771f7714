using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>Answers that are errors, as RFC 9457 problem details.</summary>
public static class Problem
{
    /// <summary>A problem document.</summary>
    /// <param name="status">HTTP status, 400 to 599.</param>
    /// <param name="title">What kind of problem, the same for all of its kind.</param>
    /// <param name="detail">What was found, where, what was expected, and the fix.</param>
    /// <param name="findings">Each fault on its own, where there may be several.</param>
    public static IActionResult Of(int status, string title, string detail, IReadOnlyList<object>? findings = null)
    {
        var problem = new ProblemDetails { Status = status, Title = title, Detail = detail };
        if (findings is not null)
        {
            problem.Extensions["findings"] = findings;
        }

        return new ObjectResult(problem) { StatusCode = status, ContentTypes = { "application/problem+json" } };
    }

    /// <summary>404: there is no such thing.</summary>
    public static IActionResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, "Not found", detail);

    /// <summary>404 where a pipeline is named that has no spec.</summary>
    public static IActionResult NoSpec(string pipeline) =>
        NotFound($"Pipeline '{pipeline}' has no spec. PUT /api/pipelines/{pipeline} with a YAML body gives it one.");

    /// <summary>404 where a version is named that the pipeline does not have.</summary>
    public static IActionResult NoVersion(string pipeline, int version) =>
        NotFound($"Pipeline '{pipeline}' has no model version {version}; GET /api/pipelines/{pipeline}/models lists those it has.");

    /// <summary>400: the request cannot be understood or is not allowed.</summary>
    public static IActionResult BadRequest(string detail, IReadOnlyList<object>? findings = null) =>
        Of(StatusCodes.Status400BadRequest, "Bad request", detail, findings);

    /// <summary>409: the state of things does not allow it.</summary>
    public static IActionResult Conflict(string detail) => Of(StatusCodes.Status409Conflict, "Conflict", detail);

    /// <summary>400 where the name in the URL cannot name a pipeline.</summary>
    public static IActionResult PipelineName(string name) =>
        BadRequest(Core.Pipelines.PipelineName.Refusal(name));
}
