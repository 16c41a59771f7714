using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>A team's own web hook, on this machine: keeps what it is sent, and refuses what comes to any other path than its own.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _path;

    private WebhookReceiver(WebApplication app, string path) => (_app, _path) = (app, path);

    /// <summary>Its address, of which the path is as secret as that of a real one.</summary>
    public string Url => _app.Urls.Single() + _path;

    /// <summary>Bodies with their signatures, in order of arrival.</summary>
    public ConcurrentQueue<(string Id, long Timestamp, string Signature, byte[] Body)> Received { get; } = [];

    public static async Task<WebhookReceiver> StartAsync(string secretPath)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{IPAddress.Loopback}:0");
        WebApplication app = builder.Build();
        var receiver = new WebhookReceiver(app, "/hooks/" + secretPath);
        app.Run(receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        if (context.Request.Path != _path)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        IHeaderDictionary headers = context.Request.Headers;
        Received.Enqueue((headers["webhook-id"].ToString(), long.Parse(headers["webhook-timestamp"].ToString(), System.Globalization.CultureInfo.InvariantCulture), headers["webhook-signature"].ToString(), body.ToArray()));
    }
}
