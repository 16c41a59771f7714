using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Offline.Http;

/// <summary>
/// One request under <c>functionTimeout</c>. Taken from a pool and given back, since nearly all requests end in time; the token that the function sees
/// is made when it asks.
/// </summary>
internal sealed class RequestTime : IDisposable
{
    private static readonly ConcurrentBag<RequestTime> Pool = [];

    private CancellationTokenSource _limit = null!;
    private CancellationTokenSource? _either;
    private HttpContext _http = null!;
    private bool _reusable;

    public bool IsUp => _limit.IsCancellationRequested;

    /// <summary>Cancelled when the time is up.</summary>
    public CancellationToken Limit => _limit.Token;

    public static RequestTime Take(HttpContext http, TimeSpan timeout, TimeProvider time)
    {
        bool pooled = ReferenceEquals(time, TimeProvider.System);
        RequestTime request = pooled && Pool.TryTake(out RequestTime? used) ? used : new RequestTime();
        request._http = http;
        if (request._limit is null)
        {
            request._limit = new CancellationTokenSource(timeout, time);
        }
        else
        {
            request._limit.CancelAfter(timeout);
        }

        request._reusable = pooled;
        return request;
    }

    /// <summary>Cancelled when the time is up or the client has gone.</summary>
    public CancellationToken Token()
    {
        _either ??= CancellationTokenSource.CreateLinkedTokenSource(_limit.Token, _http.RequestAborted);
        return _either.Token;
    }

    public void Dispose()
    {
        _either?.Dispose();
        _either = null;
        _http = null!;
        if (_reusable && _limit.TryReset())
        {
            Pool.Add(this);
        }
        else
        {
            _limit.Dispose();
        }
    }
}
