
namespace Microsoft.DurableTask.Engine;

// What the process does while the hub is its own: instances are found, loaded and worked on.
internal sealed partial class DurableEngine
{
    private async Task OwnHubAsync(CancellationToken stopping)
    {
        var faults = 0;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await _store.InitializeAsync(stopping);
                _ready.TrySetResult();
                var lost = await _lease.AcquireAsync(stopping);
                await OwnAsync(lost, stopping);
                faults = 0;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogHubFault(exception);
                await DelayAsync(++faults, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task OwnAsync(CancellationToken lost, CancellationToken stopping)
    {
        using var ownership = CancellationTokenSource.CreateLinkedTokenSource(lost, stopping);
        _ownership = new Ownership(ownership.Token);
        try
        {
            await foreach (var instanceId in _store.ListActiveAsync(ownership.Token))
            {
                Post(instanceId, null);
            }

            while (true)
            {
                foreach (var instanceId in await _store.ReadSignalsAsync(ownership.Token))
                {
                    Post(instanceId, null, rereadInbox: true);
                }

                await Task.Delay(_settings.PollInterval, _time, ownership.Token);
            }
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            LogHubLost();
        }
        finally
        {
            await ownership.CancelAsync();
            _ownership = null;
            _sessions.Clear();
            _resting.Clear();
            if (!stopping.IsCancellationRequested)
            {
                _timers.Dispose();
                _timers = new TimerQueue(_time);
            }
        }
    }

    private void StartWorker(InstanceSession session, CancellationToken ownership)
    {
        Interlocked.Increment(ref _workers);
        _ = Task.Run(
            async () =>
            {
                try
                {
                    await WorkAsync(session, ownership);
                }
                finally
                {
                    Interlocked.Decrement(ref _workers);
                }
            },
            CancellationToken.None);
    }

    private async Task WorkAsync(InstanceSession session, CancellationToken ownership)
    {
        while (!ownership.IsCancellationRequested)
        {
            try
            {
                await _orchestratorSlots.WaitAsync(ownership);
                bool retire;
                try
                {
                    retire = await _runner.RunRoundAsync(session, ownership);
                }
                finally
                {
                    _orchestratorSlots.Release();
                }

                session.Faults = 0;
                if (session.TryRest(retire))
                {
                    if (retire)
                    {
                        _sessions.TryRemove(new KeyValuePair<string, InstanceSession>(session.InstanceId, session));
                        _resting.Remove(session);
                    }
                    else
                    {
                        _resting.Add(session);
                    }

                    return;
                }
            }
            catch (OperationCanceledException) when (ownership.IsCancellationRequested)
            {
                return;
            }
            catch (InstanceConflictException) when (session.Faults < 3)
            {
                // Either a write of ours went through although it seemed to fail, or another process has the hub: read again and see.
                session.Faults++;
                session.Unload();
            }
            catch (Exception exception)
            {
                session.Unload();
                LogInstanceFault(exception, session.InstanceId);
                await DelayAsync(++session.Faults, ownership).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private Task DelayAsync(int faults, CancellationToken cancellationToken)
    {
        var delay = _settings.FaultDelay * Math.Pow(2, Math.Min(faults - 1, 6));
        return Task.Delay(delay < TimeSpan.FromMinutes(1) ? delay : TimeSpan.FromMinutes(1), _time, cancellationToken);
    }
}
