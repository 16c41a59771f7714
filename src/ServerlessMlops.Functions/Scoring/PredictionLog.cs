using System.Buffers.Binary;
using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Where a request's rows went in the prediction log.</summary>
/// <param name="IdPrefix">See <see cref="InferenceId.Prefix"/>.</param>
/// <param name="FirstRow">Number of the first row.</param>
public readonly record struct LoggedRows(byte[] IdPrefix, int FirstRow)
{
    /// <summary>Whether they are in the log: not where it was over its limits, or the pipeline logs a share of its requests.</summary>
    public bool IsLogged => !IdPrefix.AsSpan().EndsWith(".x."u8);
}

/// <summary>
/// The prediction log of this process. Requests put their rows into memory; files are written in the background, by size or after
/// <see cref="ScoringOptions.LogFlushInterval"/>, and at shutdown.
/// </summary>
/// <remarks>
/// A crash loses what was answered since the last flush and what storage had not taken by then, at most <see cref="ScoringOptions.LogBufferBytes"/>.
/// Rows over that bound, or over <see cref="ScoringOptions.LogRowsPerSecond"/>, are answered and not logged: their ids say so, they are counted
/// and reported.
/// </remarks>
public sealed class PredictionLog : BackgroundService
{
    private readonly PredictionWriter _writer;
    private readonly ScoringOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<PredictionLog> _logger;
    private readonly string _instance;
    private readonly ValueHasher? _hasher;
    private readonly ConcurrentDictionary<(ServingModel Model, bool IsShadow), PredictionLane> _lanes = new();
    private int _nextSegment = -1;
    private long _dropped;
    private long _unlogged;
    private long _unkeyed;
    private long _reported;
    private volatile bool _closed;

    /// <summary>A log that begins to write when the host starts it.</summary>
    public PredictionLog(IPredictionStore store, InstanceName instance, IOptions<ScoringOptions> options, TimeProvider time, ILogger<PredictionLog> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        _instance = instance.Value;
        _hasher = _options.CreateHasher();
        _writer = new PredictionWriter(store, _options, _hasher, time, logger);
    }

    /// <summary>Rows that were answered and not logged, since the process started.</summary>
    public long DroppedRows => Volatile.Read(ref _dropped);

    /// <summary>About how many bytes wait for storage.</summary>
    public long BufferedBytes => _writer.BufferedBytes;

    /// <summary>Why the last write failed; null where it did not, or nothing was written yet.</summary>
    public string? Fault => _writer.Fault;

    /// <summary>Takes the rows of an answered request. Never waits for storage.</summary>
    /// <param name="model">The model that scored them.</param>
    /// <param name="batch">The rows, scored.</param>
    /// <param name="requestId">The request's own id; empty where it has none.</param>
    /// <param name="latency">How long reading and scoring took.</param>
    /// <param name="given">Of a challenger in the shadow: where the rows that were answered went; null for the answer itself.</param>
    public LoggedRows Append(ServingModel model, ScoringBatch batch, ReadOnlySpan<byte> requestId, TimeSpan latency, LoggedRows? given = null)
    {
        while (true)
        {
            PredictionLane lane = _lanes.GetOrAdd((model, given is not null), static (key, log) => log.Open(key.Model, key.IsShadow), this);
            lock (lane)
            {
                // Between finding it and locking it, a resting lane may have been forgotten: rows put there would never be written.
                if (!lane.IsForgotten)
                {
                    return Append(lane, batch, requestId, latency, given);
                }
            }
        }
    }

    /// <summary>Writes what the log holds of a pipeline now, and completes when storage has it.</summary>
    public async Task FlushAsync(string pipeline, CancellationToken cancellation)
    {
        CloseLanes(lane => lane.Model.Card.Pipeline == pipeline);
        await _writer.WhenWrittenAsync().WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _closed = true;
        CloseLanes(static _ => true);
        _writer.Complete();

        // Ends the timer and the waits between tries; what is queued is then tried once more, as long as the host allows.
        await base.StopAsync(cancellationToken);
        long lost = await _writer.WriteRestAsync(cancellationToken);
        if (lost > 0)
        {
            Interlocked.Add(ref _dropped, lost);
            ScoringLog.LostAtShutdown(_logger, lost);
        }

        ReportDropped();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(CloseByTimeAsync(stoppingToken), _writer.RunAsync(stoppingToken));

    private LoggedRows Append(PredictionLane lane, ScoringBatch batch, ReadOnlySpan<byte> requestId, TimeSpan latency, LoggedRows? given)
    {
        DateTimeOffset now = _time.GetUtcNow();
        long size = PredictionSegment.Estimate(batch);
        if (lane.Model.Rules.Sample is { } sample && !(given is { } answered ? answered.IsLogged : IsSampled(sample, batch, requestId)))
        {
            return Unlogged(lane, batch, now);
        }

        if (_closed || _writer.BufferedBytes + size > _options.LogBufferBytes || !lane.TryTake(batch.Rows, now, _options.LogRowsPerSecond))
        {
            Interlocked.Add(ref _dropped, batch.Rows);
            return Unlogged(lane, batch, now);
        }

        PredictionSegment? segment = lane.Segment;
        if (segment is null || segment.Name.Hour != HourOf(now) || segment.EstimatedBytes >= _options.LogFileBytes)
        {
            Close(lane);
            var name = new PredictionSegmentName(lane.Model.Card.Pipeline, HourOf(now), _instance, Interlocked.Increment(ref _nextSegment));
            lane.Segment = segment = new PredictionSegment(lane.Model, name, now, lane.IsShadow);
        }

        long sizeBefore = segment.EstimatedBytes;
        int first = segment.Append(batch, requestId, now, (int)Math.Min(latency.TotalMicroseconds, int.MaxValue), given?.IdPrefix, given?.FirstRow ?? 0);
        _writer.Grow(segment.EstimatedBytes - sizeBefore);
        return new LoggedRows(segment.IdPrefix, first);
    }

    private PredictionLane Open(ServingModel model, bool isShadow)
    {
        if (_hasher is null && model.Card.Inputs.FirstOrDefault(i => model.Rules.Of(i.Name).Log == LogForm.Hash) is { } input)
        {
            ScoringLog.NoHashKey(_logger, model.Card.Pipeline, input.Name);
        }

        return new PredictionLane(model, isShadow);
    }

    private LoggedRows Unlogged(PredictionLane lane, ScoringBatch batch, DateTimeOffset now)
    {
        long before = Interlocked.Add(ref _unlogged, batch.Rows) - batch.Rows;
        return new LoggedRows(lane.DroppedPrefix(now, _instance), (int)(before % int.MaxValue));
    }

    // By the key, so that what is known of a customer is all or nothing; a request that names nothing goes by its number in this process.
    private bool IsSampled(TrafficSplit sample, ScoringBatch batch, ReadOnlySpan<byte> requestId)
    {
        ReadOnlySpan<byte> key = batch.Rows == 0 ? requestId : batch.Key(0);
        key = !key.IsEmpty ? key : !requestId.IsEmpty ? requestId : batch.Rows == 0 ? default : batch.InferenceId(0);
        if (!key.IsEmpty)
        {
            return sample.TakesChallenger(key);
        }

        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, Interlocked.Increment(ref _unkeyed));
        return sample.TakesChallenger(number);
    }

    private async Task CloseByTimeAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_options.LogFlushInterval / 2, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                // Half the interval old and looked at every half interval: no row waits longer than the whole.
                DateTimeOffset old = _time.GetUtcNow() - (_options.LogFlushInterval / 2);
                CloseLanes(lane => lane.Segment is null || lane.Segment.OpenedAt <= old);
                ReportDropped();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host stops; StopAsync writes what is left.
        }
    }

    private void CloseLanes(Func<PredictionLane, bool> which)
    {
        foreach (((ServingModel, bool) key, PredictionLane lane) in _lanes)
        {
            lock (lane)
            {
                if (which(lane))
                {
                    // A lane that rests is forgotten, so that models that were swapped out can go.
                    if (lane.Segment is null && !_closed && lane.IsResting(_time.GetUtcNow()))
                    {
                        lane.IsForgotten = true;
                        _lanes.TryRemove(key, out _);
                    }

                    Close(lane);
                }
            }
        }
    }

    private void Close(PredictionLane lane)
    {
        if (lane.Segment is { } segment)
        {
            lane.Segment = null;
            _writer.Add(segment);
        }
    }

    private void ReportDropped()
    {
        long total = DroppedRows;
        if (total > _reported)
        {
            ScoringLog.Dropped(_logger, total - _reported, total);
            _reported = total;
        }
    }

    internal static DateTimeOffset HourOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);
}
