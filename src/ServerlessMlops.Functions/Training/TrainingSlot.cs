using System.Diagnostics;
using Microsoft.Extensions.Options;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Functions.Training;

/// <summary>
/// One training at a time in this process, on all but one of its processors: side by side they would be no faster, need more memory, and keep
/// scoring from its share. A training whose run a person has cancelled ends early.
/// </summary>
public sealed class TrainingSlot(IOptions<TrainingOptions> options, RunCancellation cancellations) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    /// <summary>Trains when the slot is free, on the threads that it is told. Returns the model and the seconds it took, waiting not counted.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled, or the app ends.</exception>
    public async Task<(TrainedModel Model, double Seconds)> TrainAsync(
        string pipeline, string runId, Func<int, CancellationToken, TrainedModel> train, CancellationToken cancellation)
    {
        using IDisposable held = await EnterAsync(cancellation);
        return await cancellations.WhileRunningAsync(
            pipeline,
            runId,
            token => Task.Run(
                () =>
                {
                    long start = Stopwatch.GetTimestamp();
                    TrainedModel model = train(options.Value.ThreadsHere, token);
                    return (model, Stopwatch.GetElapsedTime(start).TotalSeconds);
                },
                token),
            cancellation);
    }

    /// <summary>Takes the slot; disposing the result gives it back.</summary>
    internal async Task<IDisposable> EnterAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        return new Held(_one);
    }

    private sealed class Held(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }
}
