using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>A problem as an action result, for the functions that are no hot path.</summary>
internal static class ScoringProblemResult
{
    public static IActionResult Of(ScoringProblem problem, HttpRequest request)
    {
        using var document = new MemoryStream();
        using (var writer = new Utf8JsonWriter(document, ScoringProblem.WriterOptions))
        {
            problem.WriteTo(writer, request.Path);
        }

        if (problem.RetryAfterSeconds is { } seconds)
        {
            request.HttpContext.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return new ContentResult { StatusCode = problem.Status, ContentType = ScoringProblem.MediaType, Content = Encoding.UTF8.GetString(document.ToArray()) };
    }
}
