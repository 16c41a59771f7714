using ServerlessMlops.Core.Monitoring.Service;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>Adds up window rows as they are read, so that a check takes the same memory whatever the traffic and the number of instances.</summary>
/// <param name="card">The model's card.</param>
/// <param name="until">End of the window, exclusive.</param>
/// <param name="window">Length of the window that is compared with training.</param>
public sealed class MonitoredTraffic(ModelCard card, DateTimeOffset until, TimeSpan window)
{
    private readonly Dictionary<DateTimeOffset, ServiceMinute> _minutes = [];

    /// <summary>Begin of the window.</summary>
    public DateTimeOffset From => Until - window;

    /// <summary>End of the window, exclusive.</summary>
    public DateTimeOffset Until { get; } = until;

    /// <summary>Counts within the window.</summary>
    public WindowSums Window { get; } = WindowSums.Empty(card);

    /// <summary>Requests by minute, within what service levels look at.</summary>
    public IReadOnlyCollection<ServiceMinute> Minutes => _minutes.Values;

    /// <summary>The newest minute with a request or the answer to a file, or null.</summary>
    public DateTimeOffset? LastRequest { get; private set; }

    /// <summary>Adds a row; one outside of both ranges changes nothing.</summary>
    /// <exception cref="ArgumentException">The row is of another model.</exception>
    public void Add(WindowRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Minute >= Until)
        {
            return;
        }

        if ((row.Sums.Requests > 0 || row.IsOfFile) && (LastRequest is null || row.Minute > LastRequest))
        {
            LastRequest = row.Minute;
        }

        if (row.Minute >= From)
        {
            Window.Add(row.Sums);
        }

        if (row.Minute >= Until - ServiceLevelMonitor.Lookback)
        {
            if (!_minutes.TryGetValue(row.Minute, out ServiceMinute? minute))
            {
                _minutes[row.Minute] = minute = new ServiceMinute(row.Minute, new long[StatusClasses.Count], new long[LatencyGroups.Count]);
            }

            for (int i = 0; i < minute.Statuses.Length; i++)
            {
                minute.Statuses[i] += row.Sums.Statuses[i];
            }

            for (int i = 0; i < minute.Latencies.Length; i++)
            {
                minute.Latencies[i] += row.Sums.Latencies[i];
            }
        }
    }
}
