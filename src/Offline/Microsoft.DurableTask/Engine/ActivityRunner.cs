using Microsoft.DurableTask.Engine.History;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Engine;

/// <summary>Runs activities, a bounded number at a time. Their ends reach the caller exactly once, unless the process stops first.</summary>
#pragma warning disable CA1001 // Activities that outlive the stop still give their slot back.
internal sealed class ActivityRunner(TaskFunctions functions, int maxConcurrent, TimeProvider time, ILoggerFactory loggerFactory)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _slots = new(maxConcurrent);
    private readonly CancellationTokenSource _closed = new();
    private readonly ILogger _logger = loggerFactory.CreateLogger("Microsoft.DurableTask.Activities");
    private int _running;

    public void Start(ActivityInvocation invocation, Action<HistoryEvent> ended, CancellationToken ownership)
    {
        if (_closed.IsCancellationRequested)
        {
            return;
        }

        _ = Task.Run(() => RunAsync(invocation, ended, ownership), CancellationToken.None);
    }

    /// <summary>Begins no more activities; those that wait for a slot are left to the next start.</summary>
    public void Close() => _closed.Cancel();

    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _running) > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellationToken);
        }
    }

    private async Task RunAsync(ActivityInvocation invocation, Action<HistoryEvent> ended, CancellationToken ownership)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ownership, _closed.Token);
            await _slots.WaitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Interlocked.Increment(ref _running);
        try
        {
            ended(await ExecuteAsync(invocation, ownership));
        }
        catch (OperationCanceledException) when (ownership.IsCancellationRequested)
        {
            _logger.LogWarning("Activity '{Name}' of instance '{InstanceId}' was cut off by the host's end; it will run again.", invocation.Name, invocation.InstanceId);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
            _slots.Release();
        }
    }

    private async Task<HistoryEvent> ExecuteAsync(ActivityInvocation invocation, CancellationToken ownership)
    {
        if (!functions.TryGetActivity(invocation.Name, out var function))
        {
            return Failed(new Failure("ActivityTaskNotFound", $"No activity task named '{invocation.Name}' was found.", null, null, NonRetriable: true));
        }

        try
        {
            var output = await function(invocation, ownership);
            return new TaskCompleted(invocation.TaskId, output) { Timestamp = Now() };
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !ownership.IsCancellationRequested)
        {
            _logger.LogError(exception, "Activity '{Name}' (#{TaskId}) of instance '{InstanceId}' failed.", invocation.Name, invocation.TaskId, invocation.InstanceId);
            return Failed(Failure.From(exception));
        }

        TaskFailed Failed(Failure failure) => new(invocation.TaskId, failure) { Timestamp = Now() };

        DateTime Now() => time.GetUtcNow().UtcDateTime;
    }
}
