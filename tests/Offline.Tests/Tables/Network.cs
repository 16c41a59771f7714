using Azure.Core.Pipeline;

namespace ServerlessMlops.Offline.Tests.Tables;

/// <summary>
/// Stands between a client and the emulator: records what is sent, and lets a test answer in the emulator's place.
/// </summary>
internal sealed class Network : IDisposable
{
    private readonly HttpClient _client;

    /// <param name="answer">Given the number of the request (from 1), its cancellation and a way to pass it on.</param>
    public Network(Func<int, CancellationToken, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> answer)
    {
        _client = new HttpClient(new Handler(this, answer));
        Transport = new HttpClientTransport(_client);
    }

    public HttpPipelineTransport Transport { get; }

    public List<Sent> Requests { get; } = [];

    public void Dispose() => _client.Dispose();

    public sealed record Sent(Uri Uri, string? Authorization, string Body);

    private sealed class Handler(Network network, Func<int, CancellationToken, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> answer)
        : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            // The body is copied first: it can be read only once.
            var body = request.Content is null ? string.Empty : await request.Content.ReadAsStringAsync(cancellationToken);
            int number;
            lock (network.Requests)
            {
                network.Requests.Add(new Sent(request.RequestUri!, request.Headers.Authorization?.ToString(), body));
                number = network.Requests.Count;
            }

            return await answer(number, cancellationToken, () => base.SendAsync(request, cancellationToken));
        }
    }
}
