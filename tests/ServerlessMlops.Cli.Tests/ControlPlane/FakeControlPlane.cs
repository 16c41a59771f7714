using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core;

namespace ServerlessMlops.Cli.Tests.ControlPlane;

/// <summary>Stands in for the function app: answers by method and path, on a port of the system's choosing, and remembers what was asked.</summary>
internal sealed class FakeControlPlane : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<Request, Answer>> _routes = new(StringComparer.Ordinal);

    private FakeControlPlane(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public ConcurrentQueue<Request> Requests { get; } = [];

    public static async Task<FakeControlPlane> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var fake = new FakeControlPlane(app);
        app.Run(fake.AnswerAsync);
        await app.StartAsync();
        return fake;
    }

    /// <summary>Answers requests of a method and path, for example <c>GET /health</c>.</summary>
    public void On(string methodAndPath, Func<Request, Answer> answer) => _routes[methodAndPath] = answer;

    public void On(string methodAndPath, object body) => On(methodAndPath, _ => Answer.Json(body));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var request = new Request(
            $"{context.Request.Method} {context.Request.Path}",
            context.Request.QueryString.Value ?? "",
            context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync());
        Requests.Enqueue(request);
        Answer answer = _routes.TryGetValue(request.MethodAndPath, out Func<Request, Answer>? route)
            ? route(request)
            : Answer.Problem(404, $"The fake knows no {request.MethodAndPath}.");
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        await context.Response.WriteAsync(answer.Body, Encoding.UTF8);
    }
}

internal sealed record Request(string MethodAndPath, string Query, IReadOnlyDictionary<string, string> Headers, string Body);

internal sealed record Answer(int Status, string ContentType, string Body)
{
    public static Answer Json(object body, int status = 200) => new(status, "application/json", JsonSerializer.Serialize(body, MlopsJson.Options));

    public static Answer Problem(int status, string detail, params object[] findings) => new(
        status,
        "application/problem+json",
        JsonSerializer.Serialize(findings.Length == 0 ? new { status, title = "Refused", detail } : (object)new { status, title = "Refused", detail, findings }));
}
