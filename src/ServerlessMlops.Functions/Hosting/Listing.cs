using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>The query parameters of every listing: <c>top</c> (1 to 1000, default 50) and <c>next</c> (what the page before said).</summary>
public static class Listing
{
    /// <summary>The page size asked for, or null where it is none.</summary>
    public static int? PageSize(HttpRequest request)
    {
        string text = request.Query["top"].ToString();
        return text.Length == 0 ? 50 : int.TryParse(text, out int top) && top is >= 1 and <= 1000 ? top : null;
    }

    /// <summary>The continuation, or null for the first page.</summary>
    public static string? Continuation(HttpRequest request) => request.Query["next"].ToString() is { Length: > 0 } next ? next : null;

    /// <summary>400 for a page size that is none.</summary>
    public static IActionResult BadPageSize(HttpRequest request) =>
        Problem.BadRequest($"Query parameter 'top' is '{request.Query["top"]}'; expected a whole number from 1 to 1000.");
}
