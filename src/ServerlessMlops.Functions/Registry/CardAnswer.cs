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
        return TakesPage(request)
            ? Page(request, written)
            : new ContentResult { Content = CardMarkdown.Write(written), ContentType = "text/markdown; charset=utf-8", StatusCode = StatusCodes.Status200OK };
    }

    /// <summary>An HTML page where the caller takes one (a browser), else <paramref name="data"/>: for endpoints that programs read first of all. Only what is answered is made.</summary>
    public static async Task<IActionResult> PageOrAsync(HttpRequest request, Func<Task<IActionResult>> data, Func<Task<CardDocument>> document)
    {
        request.HttpContext.Response.Headers.Vary = "Accept";
        return TakesPage(request) ? Page(request, await document()) : await data();
    }

    /// <summary>As <see cref="PageOrAsync"/>, of what is at hand.</summary>
    public static IActionResult PageOr(HttpRequest request, Func<IActionResult> data, Func<CardDocument> document)
    {
        request.HttpContext.Response.Headers.Vary = "Accept";
        return TakesPage(request) ? Page(request, document()) : data();
    }

    private static bool TakesPage(HttpRequest request) => request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>The page. A caller who showed the key in the address finds it in the page's links, which lead nowhere without it; so the page is kept by no cache and named to no other site.</summary>
    private static ContentResult Page(HttpRequest request, CardDocument document)
    {
        IHeaderDictionary headers = request.HttpContext.Response.Headers;
        headers.ContentSecurityPolicy = CardHtml.SecurityPolicy;
        string key = request.Query["code"].ToString();
        if (key.Length > 0)
        {
            headers.CacheControl = "no-store";
        }

        return new ContentResult
        {
            Content = CardHtml.Write(document, key.Length > 0 ? $"code={Uri.EscapeDataString(key)}" : null),
            ContentType = "text/html; charset=utf-8",
            StatusCode = StatusCodes.Status200OK,
        };
    }
}
