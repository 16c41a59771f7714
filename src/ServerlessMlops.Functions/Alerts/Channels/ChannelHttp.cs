using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// Posts for the channels: no redirects, no proxy of the machine's, guarded addresses; tried again on what may pass (408, 429, 5xx, no answer),
/// heeding <c>Retry-After</c>.
/// </summary>
public sealed class ChannelHttp : IDisposable
{
    private readonly AlertsOptions _options;
    private readonly TimeProvider _time;
    private readonly DeliveryAttempts _attempts;
    private readonly HttpClient _client;

    /// <summary>A client that lives as long as the app.</summary>
    public ChannelHttp(IOptions<AlertsOptions> options, DeliveryAttempts attempts, TimeProvider time)
        : this(options, attempts, time, Dns.GetHostAddressesAsync)
    {
    }

    internal ChannelHttp(IOptions<AlertsOptions> options, DeliveryAttempts attempts, TimeProvider time, HostResolver resolve)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Value;
        _attempts = attempts;
        _time = time;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseDrainSize = 64 * 1024,
            ConnectCallback = (context, cancellation) => AddressGuard.ConnectAsync(context.DnsEndPoint, _options.AllowLoopback, resolve, cancellation),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Posts the body until it is taken or retries are used up.</summary>
    /// <param name="address">A URL.</param>
    /// <param name="body">The bytes.</param>
    /// <param name="contentType">Their type.</param>
    /// <param name="headers">Further headers, made anew for each attempt.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<ChannelOutcome> PostAsync(string address, byte[] body, string contentType, Action<HttpRequestHeaders> headers, CancellationToken cancellation)
    {
        return AddressGuard.Fault(address, _options.AllowLoopback, out Uri? url) is { } fault
            ? new ChannelOutcome(false, 0, $"Not sent: {fault}.")
            : await _attempts.RunAsync(ended => PostOnceAsync(url!, body, contentType, headers, ended), cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<DeliveryAnswer> PostOnceAsync(Uri url, byte[] body, string contentType, Action<HttpRequestHeaders> headers, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } },
        };
        request.Headers.UserAgent.ParseAdd("ServerlessMlops");
        headers(request.Headers);
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            RetryConditionHeaderValue? asked = response.Headers.RetryAfter;
            return new DeliveryAnswer(
                response.IsSuccessStatusCode, IsPassing(response.StatusCode), $"Answered {(int)response.StatusCode}.", asked?.Delta ?? (asked?.Date - _time.GetUtcNow()));
        }
        catch (Exception e) when (e is AddressRefusedException || e.InnerException is AddressRefusedException)
        {
            return new DeliveryAnswer(false, false, (e as AddressRefusedException ?? (AddressRefusedException)e.InnerException!).Message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Messages of sockets and handlers may name the address, which can hold a secret: only their kind is told.
            return new DeliveryAnswer(false, true, $"No connection: {(e as HttpRequestException)?.HttpRequestError.ToString() ?? e.GetType().Name}.");
        }
    }

    private static bool IsPassing(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;
}
