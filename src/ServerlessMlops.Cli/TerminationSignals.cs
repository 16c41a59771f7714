using System.Runtime.InteropServices;

namespace ServerlessMlops.Cli;

/// <summary>
/// Ctrl-C, SIGTERM and a closed terminal as one cancellation, so that what was started is ended in order. A second Ctrl-C ends at once.
/// </summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    public TerminationSignals()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (!_source.IsCancellationRequested)
        {
            context.Cancel = true;
            _source.Cancel();
        }
        else if (context.Signal == PosixSignal.SIGTERM)
        {
            // Shutting down already; a supervisor that repeats itself must not cut the flush short.
            context.Cancel = true;
        }
    }
}
