using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Offline.Http;

/// <summary>
/// host.json's <c>http.maxConcurrentRequests</c> and <c>http.maxOutstandingRequests</c>: a bounded number of requests run, in their order; as many as are left of the
/// second wait; a further one is answered 429.
/// </summary>
internal sealed class HttpThrottle : IDisposable
{
    private readonly SemaphoreSlim? _slots;
    private readonly int _outstandingLimit;
    private int _outstanding;

    private HttpThrottle(int? concurrent, int? outstanding)
    {
        _slots = concurrent is { } count ? new SemaphoreSlim(count) : null;
        _outstandingLimit = outstanding ?? int.MaxValue;
    }

    /// <summary>Null where host.json sets no limit.</summary>
    public static HttpThrottle? Of(HostJson hostJson) => (hostJson.MaxConcurrentRequests, hostJson.MaxOutstandingRequests) switch
    {
        (null, null) => null,
        var (concurrent, outstanding) => new HttpThrottle(concurrent, outstanding),
    };

    public async Task RunAsync(HttpContext http, RequestDelegate serve)
    {
        try
        {
            if (Interlocked.Increment(ref _outstanding) > _outstandingLimit)
            {
                http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                return;
            }

            if (_slots is null)
            {
                await serve(http);
                return;
            }

            await _slots.WaitAsync(http.RequestAborted);
            try
            {
                await serve(http);
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _outstanding);
        }
    }

    public void Dispose() => _slots?.Dispose();
}
