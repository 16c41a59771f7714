using System.Text.Json.Serialization;
using Azure.Storage.Blobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Benchmarks.Scoring;

/// <summary>The servers that are compared, each in a process of its own: <c>score MODEL CONNECTION ROWS_PER_SECOND</c>, <c>parse</c>, <c>floor</c>.</summary>
internal static class ScoringServer
{
    public const string Route = "models/{pipeline}/invocations";

    public static int Run(string[] args)
    {
        if (args is ["score", string model, string connection, string rowsPerSecond])
        {
            FunctionsApplicationBuilder functions = FunctionsApplication.CreateBuilder(["--port", "0"]);
            functions.ConfigureFunctionsWebApplication();
            functions.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
            functions.Configuration["AzureWebJobsStorage"] = connection;
            functions.Configuration["Scoring:LogRowsPerSecond"] = rowsPerSecond;
            byte[] onnx = File.ReadAllBytes(model);
            functions.Services
                .AddSingleton(OneModel.Of<IModelRegistry>(onnx)).AddSingleton(OneModel.Of<IModelStore>(onnx))
                .AddSingleton(new BlobServiceClient(connection))
                .AddScoring();
            using IHost app = functions.Build();
            app.Run();
            return 0;
        }

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ParseOnlyJson.Default));
        using WebApplication plain = builder.Build();
        plain.MapPut("/{account}/{**path}", TakeAsync);
        if (args is ["parse"])
        {
            plain.MapPost(Route, (ParsedRequest request) => new ParsedAnswer([.. request.dataframe_split.data.Select(row => (float)row[0])]));
        }
        else
        {
            byte[] answer = "{\"predictions\":[0.5]}"u8.ToArray();
            plain.MapPost(Route, async (HttpContext http) =>
            {
                var body = http.Request.BodyReader;
                while (true)
                {
                    var read = await body.ReadAsync();
                    body.AdvanceTo(read.Buffer.End);
                    if (read.IsCompleted)
                    {
                        break;
                    }
                }

                http.Response.ContentType = "application/json";
                http.Response.ContentLength = answer.Length;
                await http.Response.Body.WriteAsync(answer);
            });
        }

        plain.Run();
        return 0;
    }

    /// <summary>Takes a blob as a storage account does, and drops it: a storage emulator would take the processor from the servers that are compared.</summary>
    private static async Task TakeAsync(HttpContext http)
    {
        await http.Request.Body.CopyToAsync(Stream.Null);
        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.Headers.ETag = "\"0x1\"";
        http.Response.Headers.LastModified = "Thu, 01 Jan 2026 00:00:00 GMT";
        http.Response.Headers["x-ms-version"] = "2024-08-04";
        http.Response.Headers["x-ms-request-id"] = http.TraceIdentifier;
    }
}

/// <summary>The product's function, found by the local runtime in this program.</summary>
public sealed class BenchmarkFunctions(ScoringEndpoint endpoint)
{
    private readonly ScoreFunctions _functions = new(endpoint);

    /// <inheritdoc cref="ScoreFunctions.Score"/>
    [Function("Score")]
    public Task<IActionResult> Score(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = ScoringServer.Route)] HttpRequest request, string pipeline) =>
        _functions.Score(request, pipeline);

    /// <summary>GET /allocated: bytes allocated by the process so far.</summary>
    [Function("Allocated")]
    public IActionResult Allocated([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "allocated")] HttpRequest request) =>
        new ContentResult { Content = GC.GetTotalAllocatedBytes(precise: true).ToString(System.Globalization.CultureInfo.InvariantCulture) };
}

#pragma warning disable IDE1006, CA1707 // the names of the protocol
internal sealed record ParsedSplit(string[] columns, double[][] data);

internal sealed record ParsedRequest(ParsedSplit dataframe_split);

internal sealed record ParsedAnswer(float[] predictions);
#pragma warning restore IDE1006, CA1707

[JsonSerializable(typeof(ParsedRequest))]
[JsonSerializable(typeof(ParsedAnswer))]
internal sealed partial class ParseOnlyJson : JsonSerializerContext;
