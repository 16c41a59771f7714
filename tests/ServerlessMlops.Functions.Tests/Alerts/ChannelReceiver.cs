using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ServerlessMlops.Functions.Tests.Alerts;

/// <summary>The other side of an HTTP channel, on this machine: keeps what it is sent and answers as it is told (200 where it is not).</summary>
internal sealed class ChannelReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ChannelReceiver()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            string body = await reader.ReadToEndAsync();
            Answers.TryDequeue(out Func<HttpContext, Task>? answer);
            Received.Enqueue((new HeaderDictionary(context.Request.Headers.ToDictionary()), body));
            await (answer ?? Otherwise)(context);
        });
    }

    public ConcurrentQueue<(IHeaderDictionary Headers, string Body)> Received { get; } = new();

    /// <summary>Answers to the next requests.</summary>
    public ConcurrentQueue<Func<HttpContext, Task>> Answers { get; } = new();

    /// <summary>The answer to all further ones.</summary>
    public Func<HttpContext, Task> Otherwise { get; set; } = _ => Task.CompletedTask;

    public string Url => _app.Urls.Single() + "/hook";

    public static async Task<ChannelReceiver> StartAsync()
    {
        var receiver = new ChannelReceiver();
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>Answers with a status, and how long to wait where it says.</summary>
    public static Func<HttpContext, Task> Status(int status, string? retryAfter = null) => context =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        return Task.CompletedTask;
    };

    /// <summary>Never answers; ends when the caller goes.</summary>
    public static async Task Hang(HttpContext context) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
