namespace Microsoft.DurableTask.Engine;

/// <summary>
/// The loaded instances that have nothing to do, the one that rests longest first. Beyond a number, that one's history leaves memory: a thousand orchestrations
/// that wait a month for a person cost a thousand small sessions, not a thousand histories.
/// </summary>
internal sealed class RestingSessions(int limit)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<InstanceSession> _order = [];
    private readonly Dictionary<InstanceSession, LinkedListNode<InstanceSession>> _nodes = [];

    /// <summary>How many are kept loaded.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _order.Count;
            }
        }
    }

    /// <summary>Called when a session has come to rest.</summary>
    public void Add(InstanceSession session)
    {
        lock (_gate)
        {
            Remove(session);
            _nodes[session] = _order.AddLast(session);
            while (_order.Count > limit)
            {
                InstanceSession oldest = _order.First!.Value;
                Remove(oldest);
                oldest.TryRelease(); // one that is at work again comes back when it rests
            }
        }
    }

    /// <summary>Called when a session is of no more use.</summary>
    public void Remove(InstanceSession session)
    {
        lock (_gate)
        {
            if (_nodes.Remove(session, out LinkedListNode<InstanceSession>? node))
            {
                _order.Remove(node);
            }
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _nodes.Clear();
            _order.Clear();
        }
    }
}
