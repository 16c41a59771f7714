using System.Buffers;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Writes the closed files of the prediction log in the background, one after the other, and knows how much waits.</summary>
internal sealed class PredictionWriter(IPredictionStore store, ScoringOptions options, ValueHasher? hasher, TimeProvider time, ILogger logger)
{
    private const int PacedFrom = 1000;
    private const int FewestRowsAtATime = 16;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly Channel<Work> _work = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly ArrayBufferWriter<byte> _index = new();
    private readonly int _rowsAtATime = Math.Max(FewestRowsAtATime, (int)(2.0 * options.LogRowsPerSecond * Pace.TotalSeconds));
    private long _buffered;
    private volatile bool _isLast;
    private volatile string? _fault;

    /// <summary>About how many bytes wait for storage, open files included.</summary>
    public long BufferedBytes => Volatile.Read(ref _buffered);

    /// <summary>Why the last write failed; null where it did not, or nothing was written yet.</summary>
    public string? Fault => _fault;

    /// <summary>Counts bytes that an open file has grown by.</summary>
    public void Grow(long bytes) => Interlocked.Add(ref _buffered, bytes);

    /// <summary>Takes a closed file.</summary>
    public void Add(PredictionSegment segment) => _work.Writer.TryWrite(new Work(segment, null));

    /// <summary>Completes when storage has all that was added before; at once where nothing is taken any more.</summary>
    public Task WhenWrittenAsync()
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _work.Writer.TryWrite(new Work(null, written)) ? written.Task : Task.CompletedTask;
    }

    /// <summary>Takes no more; what is still to be written is written at once.</summary>
    public void Complete()
    {
        _isLast = true;
        _work.Writer.TryComplete();
    }

    /// <summary>Tries once to write what is left after <see cref="RunAsync"/> has ended.</summary>
    /// <returns>How many rows storage did not take.</returns>
    public async Task<long> WriteRestAsync(CancellationToken cancellation)
    {
        long lost = 0;
        while (_work.Reader.TryRead(out Work? work))
        {
            if (work.Segment is { } segment)
            {
                try
                {
                    await WriteAsync(segment, cancellation);
                }
                catch (Exception failure)
                {
                    ScoringLog.WriteFailed(logger, failure, segment.Name.LinesPath, 1, TimeSpan.Zero);
                    lost += segment.Rows;
                }
            }

            work.Written?.TrySetResult();
        }

        return lost;
    }

    /// <summary>Writes what comes until the host stops; each file until storage takes it.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (await _work.Reader.WaitToReadAsync(stopping))
            {
                while (_work.Reader.TryPeek(out Work? work))
                {
                    if (work.Segment is { } segment)
                    {
                        await WriteUntilTakenAsync(segment, stopping);
                    }

                    _work.Reader.TryRead(out _);
                    work.Written?.TrySetResult();
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host stops; WriteRestAsync writes what is left.
        }
    }

    private async Task WriteUntilTakenAsync(PredictionSegment segment, CancellationToken stopping)
    {
        TimeSpan wait = FirstWait;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await WriteAsync(segment, stopping);
                return;
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !stopping.IsCancellationRequested)
            {
                _fault = failure.Message;
                ScoringLog.WriteFailed(logger, failure, segment.Name.LinesPath, attempt, wait);
                await Task.Delay(wait, time, stopping);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }
    }

    private async Task WriteAsync(PredictionSegment segment, CancellationToken cancellation)
    {
        _lines.ResetWrittenCount();
        _index.ResetWrittenCount();
        foreach (int rendered in segment.RenderInSteps(_lines, _index, _rowsAtATime, hasher))
        {
            // A full file takes a thread for a tenth of a second, and requests would wait. It is made little by little, at twice the rate that rows may come in;
            // at shutdown, at once.
            if (rendered < PacedFrom || _isLast)
            {
                await Task.Yield();
            }
            else
            {
                await Task.Delay(Pace, time, cancellation);
            }
        }

        await store.WriteAsync(segment.Name, _lines.WrittenMemory, _index.WrittenMemory, cancellation);
        _fault = null;
        ScoringLog.Wrote(logger, segment.Rows, segment.Name.LinesPath);
        Grow(-segment.EstimatedBytes);
        segment.Release();
    }

    private sealed record Work(PredictionSegment? Segment, TaskCompletionSource? Written);
}
