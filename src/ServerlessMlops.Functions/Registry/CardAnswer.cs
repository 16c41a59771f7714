using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Registry;

/// <summary>A document for people as the caller likes it.</summary>
internal static class CardAnswer
{
    /// <summary>An HTML page where the caller takes one (a browser), <paramref name="data"/> as JSON where it asks for that, else Markdown.</summary>
    public static async Task<IActionResult> OfAsync<T>(HttpRequest request, T data, Func<Task<CardDocument>> document)
    {
        request.HttpContext.Response.Headers.Vary = "Accept";
        string accept = request.Headers.Accept.ToString();
        if (accept.Contains("application/json", StringComparison.OrdinalIgnoreCase))
        {
            return Json.Ok(data);
        }

        CardDocument written = await document();
        if (!accept.Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            return new ContentResult { Content = CardMarkdown.Write(written), ContentType = "text/markdown; charset=utf-8", StatusCode = StatusCodes.Status200OK };
        }

        request.HttpContext.Response.Headers.ContentSecurityPolicy = CardHtml.SecurityPolicy;
        return new ContentResult { Content = CardHtml.Write(written), ContentType = "text/html; charset=utf-8", StatusCode = StatusCodes.Status200OK };
    }
}
