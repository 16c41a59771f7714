using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Monitoring.Service;

/// <summary>
/// Service levels by burn rate: how many times faster than allowed the error budget is spent. An alarm needs a fast burn over a long and a
/// short window both (the short one tells that it still burns): 14.4 over an hour and 5 minutes (2% of a month's budget), or 6 over six hours
/// and 30 minutes (5%). A slower burn over six hours is a warning. (Site Reliability Workbook, chapter 5.)
/// </summary>
public static class ServiceLevelMonitor
{
    /// <summary>How far back the requests are looked at.</summary>
    public static TimeSpan Lookback { get; } = TimeSpan.FromHours(6);

    /// <summary>Below this many requests in six hours nothing is judged.</summary>
    public const long MinRequests = 30;

    // A burn is believed where the errors would come about by chance at the allowed rate this seldom.
    private const double Level = 0.001;

    private static readonly (TimeSpan Long, TimeSpan Short, double Rate)[] Alarms =
    [
        (TimeSpan.FromHours(1), TimeSpan.FromMinutes(5), 14.4),
        (TimeSpan.FromHours(6), TimeSpan.FromMinutes(30), 6),
    ];

    /// <summary>Availability and latency against their objectives.</summary>
    /// <param name="minutes">Requests of the last six hours; others are left out.</param>
    /// <param name="until">Now, or the end of the last window.</param>
    /// <param name="spec">The objectives.</param>
    public static IReadOnlyList<MonitorFinding> Evaluate(IReadOnlyCollection<ServiceMinute> minutes, DateTimeOffset until, SloSpec spec)
    {
        ArgumentNullException.ThrowIfNull(minutes);
        ArgumentNullException.ThrowIfNull(spec);
        return
        [
            Judge(
                MonitorKind.Availability, $"availability {spec.Availability:0.###}%", 1 - (spec.Availability / 100), minutes, until,
                minute => minute.Statuses[StatusClasses.TurnedAway] + minute.Statuses[StatusClasses.ServerFault], "failed"),
            Judge(
                MonitorKind.Latency, $"99% within {spec.P99.TotalMilliseconds:0.###} ms", 0.01, minutes, until,
                minute => SurelySlower(minute.Latencies, spec.P99), $"took longer than {spec.P99.TotalMilliseconds:0.###} ms"),
        ];
    }

    private static MonitorFinding Judge(
        MonitorKind kind, string subject, double budget, IReadOnlyCollection<ServiceMinute> minutes, DateTimeOffset until, Func<ServiceMinute, long> bad, string what)
    {
        Burn whole = Measure(Lookback);
        if (whole.Requests < MinRequests)
        {
            return new MonitorFinding(
                kind, subject, MonitorVerdict.InsufficientEvidence, whole.Requests, null, Alarms[0].Rate, null, null,
                $"Objective '{subject}': {whole.Requests} requests in {Lookback.TotalHours:0} hours; judging it needs {MinRequests}.");
        }

        foreach ((TimeSpan longWindow, TimeSpan shortWindow, double rate) in Alarms)
        {
            Burn burn = Measure(longWindow);
            if (burn.Rate >= rate && Measure(shortWindow).Rate >= rate && burn.PValue <= Level)
            {
                return Finding(MonitorVerdict.Alarm, burn, longWindow, rate, $"the error budget burns {burn.Rate:0.0} times too fast");
            }
        }

        return whole.Rate >= 1 && whole.PValue <= Level
            ? Finding(MonitorVerdict.Warning, whole, Lookback, 1, $"the error budget burns {whole.Rate:0.0} times too fast, not yet at an alarming rate")
            : Finding(MonitorVerdict.Ok, whole, Lookback, 1, "kept");

        MonitorFinding Finding(MonitorVerdict verdict, Burn burn, TimeSpan window, double threshold, string conclusion) => new(
            kind, subject, verdict, burn.Requests, burn.Rate, threshold, burn.PValue, null,
            $"Objective '{subject}': {conclusion}. {burn.Bad} of {burn.Requests} requests {what} in the last {window.TotalHours:0.##} h.");

        Burn Measure(TimeSpan window)
        {
            long requests = 0;
            long badOnes = 0;
            foreach (ServiceMinute minute in minutes)
            {
                if (minute.Minute >= until - window && minute.Minute < until)
                {
                    requests += minute.Statuses.Sum();
                    badOnes += bad(minute);
                }
            }

            return new Burn(requests, badOnes, budget);
        }
    }

    /// <summary>Requests in groups that begin at or above the limit: those in the group around it are given the benefit of the doubt.</summary>
    private static long SurelySlower(long[] latencies, TimeSpan limit)
    {
        long slower = 0;
        for (int group = latencies.Length - 1; group > 0 && LatencyGroups.UpperBound(group - 1) >= limit; group--)
        {
            slower += latencies[group];
        }

        return slower;
    }

    private readonly record struct Burn(long Requests, long Bad, double Budget)
    {
        public double Rate => Requests == 0 ? 0 : Budget > 0 ? (double)Bad / Requests / Budget : Bad > 0 ? double.PositiveInfinity : 0;

        /// <summary>P(X &gt;= bad) of a Poisson variable with the allowed number of errors as its mean: the lower incomplete gamma function.</summary>
        public double PValue => Bad == 0 ? 1 : 1 - Distributions.GammaQ(Bad, Requests * Budget);
    }
}
