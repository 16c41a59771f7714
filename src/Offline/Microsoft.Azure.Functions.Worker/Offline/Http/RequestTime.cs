using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Offline.Http;

/// <summary>
/// One request under <c>functionTimeout</c>. Taken from a pool and given back, since nearly all requests end in time. The timer is set when the function asks
/// for its token or does not end at once; a request that is answered without waiting sets none.
/// </summary>
internal sealed class RequestTime : IDisposable
{
    private static readonly ConcurrentBag<RequestTime> Pool = [];

    private CancellationTokenSource _limit = null!;
    private CancellationTokenSource? _either;
    private HttpContext _http = null!;
    private bool _reusable;
    private TimeProvider _time = null!;
    private TimeSpan _timeout;
    private long _began;
    private bool _armed;

    public bool IsUp => _limit.IsCancellationRequested;

    /// <summary>Cancelled when the time is up.</summary>
    public CancellationToken Limit => _limit.Token;

    public static RequestTime Take(HttpContext http, TimeSpan timeout, TimeProvider time)
    {
        bool pooled = ReferenceEquals(time, TimeProvider.System);
        RequestTime request = pooled && Pool.TryTake(out RequestTime? used) ? used : new RequestTime();
        request._http = http;
        request._limit ??= new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        request._reusable = pooled;
        (request._time, request._timeout, request._began, request._armed) = (time, timeout, time.GetTimestamp(), false);
        return request;
    }

    /// <summary>Sets the timer to what is left of the time.</summary>
    public void Arm()
    {
        if (!_armed)
        {
            _armed = true;
            TimeSpan left = _timeout - _time.GetElapsedTime(_began);
            _limit.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    /// <summary>Cancelled when the time is up or the client has gone.</summary>
    public CancellationToken Token()
    {
        Arm();
        _either ??= CancellationTokenSource.CreateLinkedTokenSource(_limit.Token, _http.RequestAborted);
        return _either.Token;
    }

    public void Dispose()
    {
        _either?.Dispose();
        _either = null;
        _http = null!;
        if (_reusable && (!_armed || _limit.TryReset()))
        {
            Pool.Add(this);
        }
        else
        {
            _limit.Dispose();
        }
    }
}
