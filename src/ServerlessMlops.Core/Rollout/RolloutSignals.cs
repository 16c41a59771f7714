using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Drift;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Learners;
using static System.FormattableString;

namespace ServerlessMlops.Core.Rollout;

/// <summary>
/// The measures of a challenger. Each says worse only where the difference is as large as matters (effect) and unlikely to be chance
/// (significance): with much traffic the smallest difference is significant, with little the largest may be chance.
/// </summary>
public static class RolloutSignals
{
    /// <summary>How many there are; the level of a look is shared out among them.</summary>
    public const int Count = 5;

    /// <summary>Below this many requests or rows on either side nothing is tested.</summary>
    public const long MinimumSize = 20;

    // A difference from nothing, relative to it: larger than any limit, and a number that JSON can say.
    private const double Beyond = 1e6;

    private static readonly ChiSquareStatistic ChiSquare = new();

    /// <summary>All measures.</summary>
    public static IReadOnlyList<RolloutSignal> Measure(VersionEvidence challenger, VersionEvidence champion, DeploySpec deploy, SloSpec slo, double alpha) =>
    [
        Errors(challenger, champion, deploy, alpha),
        Latency(challenger, champion, deploy, slo, alpha),
        Output(challenger, champion, deploy.Judge, alpha),
        Mean(challenger, champion, deploy.Judge, alpha),
        Performance(challenger, champion, deploy.Judge, alpha),
    ];

    /// <summary>
    /// The rate of failed requests, by Fisher's exact test. A request that reached the challenger of a canary or a shadow had passed the
    /// champion's reading, so one that the challenger calls the caller's fault is its own.
    /// </summary>
    private static RolloutSignal Errors(VersionEvidence challenger, VersionEvidence champion, DeploySpec deploy, double alpha)
    {
        long[] statuses = challenger.Window.Statuses;
        bool readBefore = deploy.Strategy is DeployStrategy.Canary or DeployStrategy.Shadow;
        long failed = OurFaults(statuses) + (readBefore ? statuses[StatusClasses.CallerFault] : 0);
        long other = OurFaults(champion.Window.Statuses);
        long requests = challenger.Window.Requests;
        long otherRequests = champion.Window.Requests;
        double limit = deploy.Judge.Errors;
        if (requests < MinimumSize || otherRequests < MinimumSize)
        {
            return TooFew("errors", requests, otherRequests, limit, "requests");
        }

        TestResult test = TwoSampleTests.FisherGreater(failed, requests, other, otherRequests);
        return Signal("errors", requests, otherRequests, test.Effect, limit, test.PValue, test.Effect >= limit && test.PValue <= alpha, Invariant(
            $"{failed} of {requests} requests failed with version {challenger.Version}, {other} of {otherRequests} with version {champion.Version} ({test.Effect:+0.0%;-0.0%;0.0%}, {P(test.PValue)})."));
    }

    /// <summary>The time to answer, by Mann-Whitney's test; it matters where median or 99th percentile grow by the factor and near the objective.</summary>
    private static RolloutSignal Latency(VersionEvidence challenger, VersionEvidence champion, DeploySpec deploy, SloSpec slo, double alpha)
    {
        long requests = challenger.Window.Requests;
        long otherRequests = champion.Window.Requests;
        double limit = deploy.Judge.Slowdown;
        if (deploy.Strategy == DeployStrategy.Shadow)
        {
            return new RolloutSignal("latency", SignalVerdict.Unknown, requests, otherRequests, null, limit, null, "Latency is not compared in the shadow, where nobody waits for the challenger.");
        }

        if (requests < MinimumSize || otherRequests < MinimumSize)
        {
            return TooFew("latency", requests, otherRequests, limit, "requests");
        }

        TestResult test = TwoSampleTests.MannWhitneyGreater(challenger.Window.Latencies, champion.Window.Latencies);
        TimeSpan p99 = LatencyGroups.Quantile(challenger.Window.Latencies, 0.99)!.Value;
        TimeSpan otherP99 = LatencyGroups.Quantile(champion.Window.Latencies, 0.99)!.Value;
        double slowdown = Math.Max(p99 / otherP99, LatencyGroups.Quantile(challenger.Window.Latencies, 0.5)!.Value / LatencyGroups.Quantile(champion.Window.Latencies, 0.5)!.Value);
        bool matters = slowdown >= limit && p99 >= slo.P99 / 10;
        return Signal("latency", requests, otherRequests, slowdown, limit, test.PValue, matters && test.PValue <= alpha, Invariant(
            $"Version {challenger.Version} answers 99% within {Milliseconds(p99)}, version {champion.Version} within {Milliseconds(otherP99)} (slower with probability {test.Effect:0.00}, {P(test.PValue)})."));
    }

    /// <summary>
    /// Outputs against those on the version's own hold-out, by a chi-square test: two models may answer differently and both be right, but each
    /// should answer as it did when it was judged. Where the traffic has changed, the champion is off as well, and what it is off by is not the challenger's.
    /// </summary>
    private static RolloutSignal Output(VersionEvidence challenger, VersionEvidence champion, JudgeSpec spec, double alpha)
    {
        double limit = spec.Output;
        long rows = challenger.Window.Predictions;
        long otherRows = champion.Window.Predictions;
        if (rows < MinimumSize || otherRows < MinimumSize || challenger.Card.OutputReference.Counts.Sum() < MinimumSize || champion.Card.OutputReference.Counts.Sum() < MinimumSize)
        {
            return TooFew("output", rows, otherRows, limit, "predictions");
        }

        if (Size(challenger.Window) is not { } size || Size(champion.Window) is not { } otherSize)
        {
            return TooFewKeys("output", rows, otherRows, limit);
        }

        DriftMeasure own = ChiSquare.Measure(challenger.Card.OutputReference, Scaled(challenger.Window, size));
        DriftMeasure others = ChiSquare.Measure(champion.Card.OutputReference, Scaled(champion.Window, otherSize));
        bool matters = own.Effect >= limit && own.Effect - others.Effect >= limit / 2;
        return Signal("output", rows, otherRows, own.Effect, limit, own.PValue, matters && own.PValue <= alpha, Invariant(
            $"Outputs of version {challenger.Version} are {own.Effect:0.00} (Cramer's V) off its hold-out, those of version {champion.Version} {others.Effect:0.00} off its own ({P(own.PValue)})."));
    }

    /// <summary>
    /// The mean output: calibrated probabilities of the same traffic have the same mean, and so have sound regressions. Of several classes the
    /// output is the winner's probability, which a better model may well raise, so there it is not compared.
    /// </summary>
    private static RolloutSignal Mean(VersionEvidence challenger, VersionEvidence champion, JudgeSpec spec, double alpha)
    {
        double limit = spec.MeanShift;
        long rows = challenger.Window.Predictions;
        long otherRows = champion.Window.Predictions;
        if (challenger.Card.Task == LearningTask.Multiclass || challenger.Card.Task != champion.Card.Task)
        {
            return new RolloutSignal("mean", SignalVerdict.Unknown, rows, otherRows, null, limit, null, "Means of the outputs are compared for binary models and regressions.");
        }

        if (rows < MinimumSize || otherRows < MinimumSize)
        {
            return TooFew("mean", rows, otherRows, limit, "predictions");
        }

        if (Size(challenger.Window) is not { } size || Size(champion.Window) is not { } otherSize)
        {
            return TooFewKeys("mean", rows, otherRows, limit);
        }

        SampleMean mean = MeanOf(challenger, size);
        SampleMean other = MeanOf(champion, otherSize);
        TestResult test = TwoSampleTests.MeansDiffer(mean, other);

        // A probability's shift counts as it is; a value's in standard deviations of what the champion answers.
        double scale = challenger.Card.Task == LearningTask.Binary ? 1 : Math.Sqrt(other.Variance);
        double shift = scale > 0 ? Math.Abs(test.Effect) / scale : test.Effect == 0 ? 0 : Beyond;
        string unit = challenger.Card.Task == LearningTask.Binary ? "" : " standard deviations";
        return Signal("mean", rows, otherRows, shift, limit, test.PValue, shift >= limit && test.PValue <= alpha, Invariant(
            $"The mean output of version {challenger.Version} is {mean.Mean:0.####}, of version {champion.Version} {other.Mean:0.####} ({shift:0.00}{unit} apart, {P(test.PValue)})."));
    }

    /// <summary>The mean loss of predictions whose labels are known.</summary>
    private static RolloutSignal Performance(VersionEvidence challenger, VersionEvidence champion, JudgeSpec spec, double alpha)
    {
        double limit = spec.Loss;
        if (challenger.Outcomes is not { } outcomes || champion.Outcomes is not { } others)
        {
            return new RolloutSignal("performance", SignalVerdict.Unknown, challenger.Outcomes?.Rows ?? 0, champion.Outcomes?.Rows ?? 0, null, limit, null, "No labels of this step's predictions have come yet.");
        }

        if (outcomes.Rows < MinimumSize || others.Rows < MinimumSize)
        {
            return TooFew("performance", outcomes.Rows, others.Rows, limit, "labelled predictions");
        }

        SampleMean loss = MeanOf(outcomes);
        SampleMean other = MeanOf(others);
        TestResult test = TwoSampleTests.MeanGreater(loss, other);
        double relative = other.Mean > 0 ? test.Effect / other.Mean : test.Effect > 0 ? Beyond : 0;
        return Signal("performance", outcomes.Rows, others.Rows, relative, limit, test.PValue, relative >= limit && test.PValue <= alpha, Invariant(
            $"The mean loss of version {challenger.Version} is {loss.Mean:0.####} over {outcomes.Rows} labels, of version {champion.Version} {other.Mean:0.####} over {others.Rows} ({P(test.PValue)})."));
    }

    private static long OurFaults(long[] statuses) => statuses[StatusClasses.TurnedAway] + statuses[StatusClasses.ServerFault];

    /// <summary>
    /// Independent observations behind the outputs: no more than there were requests, since rows of one request are alike more often than not, and no more
    /// than the keys allow; counting each row as a fresh observation would find significance in one caller's bulk. Null where too few keys carry the traffic.
    /// </summary>
    private static double? Size(WindowSums window) =>
        DesignEffect.Of(window) is { } effect ? Math.Max(1, Math.Min(window.Statuses[StatusClasses.Answered], window.Predictions / effect)) : null;

    private static long[] Scaled(WindowSums window, double size)
    {
        double factor = Math.Min(1, size / window.Predictions);
        long[] scaled = [.. window.Outputs.Select(count => (long)Math.Round(count * factor))];
        return scaled.Sum() > 0 ? scaled : window.Outputs;
    }

    private static SampleMean MeanOf(VersionEvidence version, double size)
    {
        WindowSums window = version.Window;
        double rows = window.Outputs.Take(window.Outputs.Length - 1).Sum();
        double mean = rows == 0 ? 0 : window.OutputSums.Sum() / rows;
        double inside = Math.Clamp(mean, 0, 1);
        return new SampleMean(mean, version.Card.Task == LearningTask.Binary ? inside * (1 - inside) : DesignEffect.OutputVariance(window), Math.Max(1, Math.Min(rows, size)));
    }

    private static SampleMean MeanOf(LabelledOutcomes outcomes)
    {
        double mean = outcomes.LossSum / outcomes.Rows;
        return new SampleMean(mean, Math.Max(0, (outcomes.LossSquareSum / outcomes.Rows) - (mean * mean)), outcomes.Rows);
    }

    private static RolloutSignal Signal(string name, long size, long otherSize, double effect, double limit, double pValue, bool worse, string sentence) =>
        new(name, worse ? SignalVerdict.Worse : SignalVerdict.Sound, size, otherSize, effect, limit, pValue, sentence);

    private static RolloutSignal TooFew(string name, long size, long otherSize, double limit, string what) => new(
        name, SignalVerdict.Unknown, size, otherSize, null, limit, null, Invariant($"{size} and {otherSize} {what}; a test needs {MinimumSize} on either side."));

    private static RolloutSignal TooFewKeys(string name, long size, long otherSize, double limit) => new(
        name, SignalVerdict.Unknown, size, otherSize, null, limit, null, "Fewer than about ten keys carry the traffic of a side; what differs may be the keys rather than the versions.");

    private static string P(double value) => value < 0.0001 ? "p < 0.0001" : Invariant($"p = {value:0.####}");

    private static string Milliseconds(TimeSpan latency) => latency == TimeSpan.MaxValue ? "more than 37 s" : Invariant($"{latency.TotalMilliseconds:0.##} ms");
}
