namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>
/// Marks the thread that replays an orchestrator, and keeps its continuations there: they run inline, so that each history event
/// is worked off to the end before the next.
/// </summary>
internal sealed class OrchestratorThread : SynchronizationContext
{
    [ThreadStatic]
    private static bool _isCurrent;

    public static bool IsCurrent => _isCurrent;

    /// <summary>Runs <paramref name="body"/> as the orchestrator thread.</summary>
    public static void Run(Action body)
    {
        var outerContext = Current;
        var outerMark = _isCurrent;
        SetSynchronizationContext(new OrchestratorThread());
        _isCurrent = true;
        try
        {
            body();
        }
        finally
        {
            _isCurrent = outerMark;
            SetSynchronizationContext(outerContext);
        }
    }

    // A continuation posted from a foreign thread (an awaited non-durable task) runs there, unmarked: the context refuses to serve it.
    public override void Post(SendOrPostCallback d, object? state) => d(state);

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;
}
