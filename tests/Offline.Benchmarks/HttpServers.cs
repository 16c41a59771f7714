using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ServerlessMlops.Offline.Benchmarks;

/// <summary>The same work behind a bare minimal API and behind the local Functions runtime: read a body, answer a few bytes.</summary>
public static class HttpServers
{
    public const string Route = "models/{pipeline}/invocations";

    private static readonly byte[] Answer = "{\"predictions\":[0.5]}"u8.ToArray();

    public static int Run(string kind)
    {
        if (kind == "function")
        {
            FunctionsApplicationBuilder functions = FunctionsApplication.CreateBuilder(["--port", "0"]);
            functions.ConfigureFunctionsWebApplication();
            functions.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
            using IHost app = functions.Build();
            app.Run();
            return 0;
        }

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        using WebApplication plain = builder.Build();
        plain.MapPost(Route, static async (HttpContext http, string pipeline, CancellationToken cancellation) => await AnswerAsync(http, pipeline, cancellation));
        plain.MapGet("allocated", Allocated);
        plain.Run();
        return 0;
    }

    /// <summary>What both do.</summary>
    public static async Task AnswerAsync(HttpContext http, string pipeline, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentException.ThrowIfNullOrEmpty(pipeline);
        var body = http.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync(cancellation);
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = Answer.Length;
        await http.Response.Body.WriteAsync(Answer, cancellation);
    }

    /// <summary>Bytes that the process has allocated so far.</summary>
    public static string Allocated() => GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture);
}

/// <summary>The same behind functions.</summary>
public sealed class BenchmarkFunctions
{
    [Function("Score")]
    public static async Task<IActionResult> Score(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = HttpServers.Route)] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        await HttpServers.AnswerAsync(request.HttpContext, pipeline, cancellation);
        return new EmptyResult();
    }

    [Function("Allocated")]
    public static IActionResult Allocated([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "allocated")] HttpRequest request) =>
        new ContentResult { Content = HttpServers.Allocated() };
}
