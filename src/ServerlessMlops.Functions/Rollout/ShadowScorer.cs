using System.Buffers;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>An answered request that a challenger shall score, too.</summary>
internal sealed record ShadowRequest(LiveModel Challenger, IScoringProtocol Protocol, string? ContentType, byte[] Body, int Length, byte[] RequestId, LoggedRows Given);

/// <summary>
/// Scores requests by a challenger after they were answered, one at a time, from a bounded queue: callers neither wait for it nor see what it
/// does. What comes while the queue is full is dropped and counted; the answers that are made are counted and logged beside those that were given.
/// </summary>
public sealed class ShadowScorer(PredictionLog log, IOptions<ScoringOptions> options, TimeProvider time, ILogger<ShadowScorer> logger) : BackgroundService
{
    /// <summary>Most requests that wait.</summary>
    public const int MostRequests = 256;

    /// <summary>Most bytes of bodies that wait.</summary>
    public const long MostBytes = 16 * 1024 * 1024;

    private static readonly TimeSpan ReportInterval = TimeSpan.FromMinutes(1);

    private readonly Channel<ShadowRequest> _queue = Channel.CreateBounded<ShadowRequest>(new BoundedChannelOptions(MostRequests) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly ScoringLimits _limits = options.Value.Limits;
    private long _bytes;
    private long _dropped;
    private long _reported;
    private long _reportedAt;

    /// <summary>Requests that were answered and not scored in the shadow, since the process started.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Requests that wait.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>Keeps what scoring again needs of a request, whose own memory is given back with its answer; null where too much waits.</summary>
    internal ShadowRequest? Prepare(
        LiveModel challenger, IScoringProtocol protocol, string? contentType, ReadOnlySpan<byte> body, ReadOnlySpan<byte> requestId, LoggedRows given)
    {
        if (_queue.Reader.Count >= MostRequests || Volatile.Read(ref _bytes) + body.Length > MostBytes)
        {
            Interlocked.Increment(ref _dropped);
            return null;
        }

        Interlocked.Add(ref _bytes, body.Length);

        byte[] copy = ArrayPool<byte>.Shared.Rent(body.Length);
        body.CopyTo(copy);
        return new ShadowRequest(challenger, protocol, contentType, copy, body.Length, requestId.ToArray(), given);
    }

    /// <summary>Puts a request into the queue; where it is full, the request is dropped.</summary>
    internal void Offer(ShadowRequest request)
    {
        if (!_queue.Writer.TryWrite(request))
        {
            Interlocked.Increment(ref _dropped);
            Release(request);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The protocols read a content type and headers of a request; this one has no others.
        HttpRequest request = new DefaultHttpContext().Request;
        try
        {
            await foreach (ShadowRequest shadow in _queue.Reader.ReadAllAsync(stoppingToken))
            {
                Score(shadow, request);
                Release(shadow);
                Report();

                // A queue that never empties must not keep a thread from callers.
                await Task.Yield();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; what waits was answered, and is not scored again.
        }
    }

    private void Score(ShadowRequest shadow, HttpRequest request)
    {
        long started = time.GetTimestamp();
        ServingModel model = shadow.Challenger.Model;
        int status = StatusCodes.Status200OK;
        ScoringWorkspace workspace = ScoringWorkspace.Take();
        try
        {
            request.ContentType = shadow.ContentType;
            ScoringBatch batch = workspace.Batch;
            batch.Reset(model.Signature, model.Version, _limits);
            if (shadow.Protocol.Read(request, shadow.Body.AsSpan(0, shadow.Length), batch, _limits) is { } problem)
            {
                status = problem.Status;
                return;
            }

            batch.Predict(model.Predictor);
            if (shadow.Challenger.Counter is { } counter)
            {
                RowCounting.Count(batch, model, counter);
            }

            log.Append(model, batch, shadow.RequestId, time.GetElapsedTime(started), shadow.Given);
        }
        catch (Exception failure)
        {
            // Whatever a challenger throws is evidence against it, and nobody's answer.
            status = StatusCodes.Status500InternalServerError;
            RolloutLog.ShadowFailed(logger, failure, model.Card.Pipeline, model.Version);
        }
        finally
        {
            workspace.GiveBack();
            shadow.Challenger.Counter?.CountRequest(time.GetElapsedTime(started), status);
        }
    }

    private void Release(ShadowRequest request)
    {
        Interlocked.Add(ref _bytes, -request.Length);
        ArrayPool<byte>.Shared.Return(request.Body);
    }

    private void Report()
    {
        long dropped = Dropped;
        if (dropped > _reported && (_reported == 0 || time.GetElapsedTime(_reportedAt) > ReportInterval))
        {
            RolloutLog.ShadowsDropped(logger, dropped - _reported, dropped);
            _reported = dropped;
            _reportedAt = time.GetTimestamp();
        }
    }
}
