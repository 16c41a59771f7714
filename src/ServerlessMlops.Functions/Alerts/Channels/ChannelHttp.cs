using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// Posts for the channels: no redirects, no proxy of the machine's, guarded addresses, a time limit for each attempt, and retries with
/// exponential backoff on what may pass (408, 429, 5xx, no answer), heeding <c>Retry-After</c> up to a minute.
/// </summary>
public sealed class ChannelHttp : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly AlertsOptions _options;
    private readonly HttpClient _client;
    private readonly ResiliencePipeline<HttpStatusCode> _pipeline;

    /// <summary>A client that lives as long as the app.</summary>
    public ChannelHttp(IOptions<AlertsOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Value;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseDrainSize = 64 * 1024,
            ConnectCallback = (context, cancellation) => AddressGuard.ConnectAsync(context.DnsEndPoint, _options.AllowLoopback, cancellation),
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var builder = new ResiliencePipelineBuilder<HttpStatusCode> { TimeProvider = time };
        if (_options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<HttpStatusCode>
            {
                MaxRetryAttempts = _options.Retries,
                Delay = _options.RetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                MaxDelay = LongestWait,
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is { } e ? IsPassing(e) : IsPassing(arguments.Outcome.Result)),
                DelayGenerator = arguments => ValueTask.FromResult(
                    arguments.Context.Properties.TryGetValue(RetryAfter, out TimeSpan? asked) && asked is { } wait ? (TimeSpan?)(wait < LongestWait ? wait : LongestWait) : null),
            });
        }

        _pipeline = builder.AddTimeout(new TimeoutStrategyOptions { Timeout = _options.AttemptTimeout }).Build();
    }

    private static ResiliencePropertyKey<TimeSpan?> RetryAfter { get; } = new("retry-after");

    /// <summary>Posts the body until it is taken or retries are used up.</summary>
    /// <param name="address">A URL.</param>
    /// <param name="body">The bytes.</param>
    /// <param name="contentType">Their type.</param>
    /// <param name="headers">Further headers, made anew for each attempt.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<ChannelOutcome> PostAsync(
        string address, byte[] body, string contentType, Action<HttpRequestHeaders>? headers, CancellationToken cancellation)
    {
        if (AddressGuard.Fault(address, _options.AllowLoopback, out Uri? url) is { } fault)
        {
            return new ChannelOutcome(false, 0, $"Not sent: {fault}.");
        }

        int attempts = 0;
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellation);
        try
        {
            HttpStatusCode status = await _pipeline.ExecuteAsync(
                async current =>
                {
                    attempts++;
                    using var request = new HttpRequestMessage(HttpMethod.Post, url)
                    {
                        Content = new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } },
                    };
                    request.Headers.UserAgent.ParseAdd("ServerlessMlops");
                    headers?.Invoke(request.Headers);
                    using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, current.CancellationToken);
                    current.Properties.Set(RetryAfter, response.Headers.RetryAfter?.Delta);
                    return response.StatusCode;
                },
                context);
            return new ChannelOutcome((int)status is >= 200 and < 300, attempts, $"Answered {(int)status}.");
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or IOException or AddressRefusedException && !cancellation.IsCancellationRequested)
        {
            return new ChannelOutcome(false, attempts, Explain(e));
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static bool IsPassing(Exception e) =>
        e is TimeoutRejectedException or IOException || (e is HttpRequestException && e.InnerException is not AddressRefusedException);

    private static bool IsPassing(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;

    // Messages of sockets and handlers may name the address, which can hold a secret: only their kind is told.
    private static string Explain(Exception e) => e switch
    {
        AddressRefusedException => e.Message,
        { InnerException: AddressRefusedException inner } => inner.Message,
        TimeoutRejectedException => "No answer in time.",
        HttpRequestException http => $"No connection: {http.HttpRequestError}.",
        _ => $"No connection: {e.GetType().Name}.",
    };
}
