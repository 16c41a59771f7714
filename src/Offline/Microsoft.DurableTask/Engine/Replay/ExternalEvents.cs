namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>
/// External events by name (ignoring case): what came before anyone waited is kept in order of arrival; of several waiters the
/// latest is served first, so that abandoned ones (WhenAny in a loop) do not swallow events.
/// </summary>
internal sealed class ExternalEvents(DataConverter converter)
{
    private readonly Dictionary<string, Stack<Waiter>> _waiters = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Queue<string?>> _buffered = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _bufferedOrder = [];

    public Task<T> Wait<T>(string name, CancellationToken cancellationToken)
    {
        var waiter = new Waiter<T>();
        if (_waiters.TryGetValue(name, out var stack) && stack.Count > 0)
        {
            if (stack.Peek().EventType != typeof(T))
            {
                throw new ArgumentException(
                    $"Events with the same name must have the same type argument. Expected {stack.Peek().EventType.FullName} but was requested {typeof(T).FullName}.");
            }
        }
        else
        {
            _waiters[name] = stack = new Stack<Waiter>();
        }

        stack.Push(waiter);
        if (_buffered.TryGetValue(name, out var queue))
        {
            var payload = queue.Dequeue();
            if (queue.Count == 0)
            {
                _buffered.Remove(name);
                _bufferedOrder.Remove(name);
            }

            TryComplete(name, payload);
        }

        if (cancellationToken.CanBeCanceled)
        {
            cancellationToken.Register(() => waiter.Source.TrySetCanceled(cancellationToken));
        }

        return waiter.Source.Task;
    }

    /// <summary>Gives the event to the latest waiter; false if nobody waits.</summary>
    public bool TryComplete(string name, string? payload)
    {
        if (!_waiters.TryGetValue(name, out var stack) || stack.Count == 0)
        {
            return false;
        }

        stack.Pop().Complete(payload, converter);
        return true;
    }

    public void Buffer(string name, string? payload)
    {
        if (!_buffered.TryGetValue(name, out var queue))
        {
            _buffered[name] = queue = new Queue<string?>();
            _bufferedOrder.Add(name);
        }

        queue.Enqueue(payload);
    }

    public IReadOnlyList<(string Name, string? Payload)> TakeBuffered()
    {
        var taken = _bufferedOrder.SelectMany(name => _buffered[name].Select(payload => (name, payload))).ToArray();
        _buffered.Clear();
        _bufferedOrder.Clear();
        return taken;
    }

    private abstract class Waiter
    {
        public abstract Type EventType { get; }

        public abstract void Complete(string? payload, DataConverter converter);
    }

    private sealed class Waiter<T> : Waiter
    {
        public TaskCompletionSource<T> Source { get; } = new();

        public override Type EventType => typeof(T);

        public override void Complete(string? payload, DataConverter converter) => Source.TrySetResult(converter.Deserialize<T>(payload)!);
    }
}
