using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>
/// Compares live counts with those of training: each input, the model's output, and the inputs together. An alarm needs a large effect and
/// significance after correction; what is neither significant nor measured on enough rows to have been so is <c>insufficient evidence</c>.
/// </summary>
public static class DriftMonitor
{
    /// <summary>Below this many rows nothing is tested: the statistics' distributions hold for large samples.</summary>
    public const long MinRows = 50;

    /// <summary>The share of inputs in alarm from which the whole data set has drifted.</summary>
    public const double DatasetShare = 0.5;

    // z of 80% power: an absent finding says something only where a large effect would have been found four times in five.
    private const double PowerZ = 0.8416;

    private static IDriftStatistic Deciding => DriftStatistics.PopulationStability;

    /// <summary>The findings: one for each input in the card's order, the output, the data set.</summary>
    /// <param name="card">The model's card.</param>
    /// <param name="window">What was counted.</param>
    /// <param name="spec">The pipeline's <c>monitor</c> section.</param>
    /// <param name="level">Corrected p-value up to which a finding is significant; where not given, that of a check for each window.</param>
    public static IReadOnlyList<MonitorFinding> Evaluate(ModelCard card, WindowSums window, MonitorSpec spec, double? level = null)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(window);
        ArgumentNullException.ThrowIfNull(spec);
        if (window.Features.Length != card.Reference.Count)
        {
            throw new ArgumentException(
                $"The window has {window.Features.Length} features and the card of '{card.Pipeline}' {card.Reference.Count}; they are of different models.", nameof(window));
        }

        double alpha = level ?? FalseAlarmBudget.Alpha(spec.Window);
        Subject[] subjects =
        [
            .. card.Reference.Select((reference, i) => new Subject(MonitorKind.DataDrift, reference, window.Features[i])),
            new Subject(MonitorKind.PredictionDrift, card.OutputReference, window.Outputs),
        ];
        Subject[] tested = [.. subjects.Where(s => s.Rows >= MinRows && s.Reference.Counts.Sum() >= MinRows)];
        DriftMeasure[] measures = [.. tested.Select(s => Deciding.Measure(s.Reference, s.Live))];
        double[] corrected = BenjaminiHochberg.Correct([.. measures.Select(m => m.PValue)]);

        var findings = new List<MonitorFinding>(subjects.Length + 1);
        foreach (Subject subject in subjects)
        {
            int index = Array.IndexOf(tested, subject);
            findings.Add(index < 0 ? TooFew(subject, spec) : Judge(subject, measures[index], corrected[index], alpha, tested.Length, spec));
        }

        findings.Add(Dataset(findings));
        return findings;
    }

    private static MonitorFinding TooFew(Subject subject, MonitorSpec spec) => new(
        subject.Kind, subject.Name, MonitorVerdict.InsufficientEvidence, subject.Rows, null, spec.Drift.Psi, null, null,
        $"{subject.Title}: {subject.Rows} live rows and {subject.Reference.Counts.Sum()} of training; a comparison needs {MinRows} of each.");

    private static MonitorFinding Judge(Subject subject, DriftMeasure measure, double corrected, double alpha, int tests, MonitorSpec spec)
    {
        double threshold = spec.Drift.Psi;
        bool significant = corrected <= alpha;
        MonitorVerdict verdict =
            significant && measure.Effect >= threshold ? MonitorVerdict.Alarm
            : significant && measure.Effect >= threshold / 2 ? MonitorVerdict.Warning
            : significant || CouldTell(subject, measure.DegreesOfFreedom, threshold, alpha / tests) ? MonitorVerdict.Ok
            : MonitorVerdict.InsufficientEvidence;
        string conclusion = verdict switch
        {
            MonitorVerdict.Alarm => $"drifted; {LargestMove(subject)}",
            MonitorVerdict.Warning => $"moved, less than what counts; {LargestMove(subject)}",
            MonitorVerdict.InsufficientEvidence => "too few rows to tell",
            _ => "as in training",
        };
        return new MonitorFinding(
            subject.Kind, subject.Name, verdict, subject.Rows, measure.Effect, threshold, measure.PValue, corrected,
            $"{subject.Title}: {conclusion}. Population stability index {measure.Effect:0.000} (large from {threshold:0.###}) over {subject.Rows} rows, corrected p {corrected:0.0000}.")
        {
            Measures = DriftStatistics.All
                .Where(statistic => statistic.Kinds.Contains(subject.Reference.Kind))
                .ToDictionary(statistic => statistic.Id, statistic => statistic.Measure(subject.Reference, subject.Live).Effect),
        };
    }

    /// <summary>
    /// Whether an effect at the threshold would have been significant with 80% probability: the noncentral chi-square variable that it
    /// follows (taken as normal: mean df + d, variance 2 (df + 2 d)) exceeds the critical value.
    /// </summary>
    private static bool CouldTell(Subject subject, int degreesOfFreedom, double threshold, double level)
    {
        if (degreesOfFreedom == 0)
        {
            return true;
        }

        long reference = subject.Reference.Counts.Sum();
        double noncentrality = threshold * reference * subject.Rows / (reference + subject.Rows);
        double critical = Distributions.ChiSquareQuantile(level, degreesOfFreedom);
        return degreesOfFreedom + noncentrality - (PowerZ * Math.Sqrt(2 * (degreesOfFreedom + (2 * noncentrality)))) >= critical;
    }

    private static string LargestMove(Subject subject)
    {
        double referenceTotal = subject.Reference.Counts.Sum();
        double liveTotal = subject.Rows;
        int largest = 0;
        double move = -1;
        for (int group = 0; group < subject.Live.Length; group++)
        {
            double difference = Math.Abs((subject.Live[group] / liveTotal) - (subject.Reference.Counts[group] / referenceTotal));
            (largest, move) = difference > move ? (group, difference) : (largest, move);
        }

        string name = largest == subject.Reference.MissingGroup ? "missing values"
            : subject.Reference.Kind == FeatureKind.Category && largest == subject.Reference.RestGroup ? "categories outside the most frequent ones"
            : $"group {largest + 1} of {subject.Live.Length - 1}";
        return $"{name} went from {100 * subject.Reference.Counts[largest] / referenceTotal:0.0}% to {100 * subject.Live[largest] / liveTotal:0.0}%";
    }

    private static MonitorFinding Dataset(IReadOnlyList<MonitorFinding> findings)
    {
        MonitorFinding[] inputs = [.. findings.Where(f => f.Kind == MonitorKind.DataDrift)];
        MonitorFinding[] told = [.. inputs.Where(f => f.Verdict != MonitorVerdict.InsufficientEvidence)];
        int alarms = told.Count(f => f.Verdict == MonitorVerdict.Alarm);
        double? share = told.Length == 0 ? null : (double)alarms / told.Length;
        MonitorVerdict verdict = share is null ? MonitorVerdict.InsufficientEvidence : share >= DatasetShare ? MonitorVerdict.Alarm : MonitorVerdict.Ok;
        return new MonitorFinding(
            MonitorKind.DatasetDrift, "inputs", verdict, inputs.Length == 0 ? 0 : inputs.Max(f => f.Rows), share, DatasetShare, null, null,
            told.Length == 0
                ? $"Inputs: too few rows to tell of any of {inputs.Length}."
                : $"Inputs: {alarms} of {told.Length} drifted ({inputs.Length - told.Length} could not be told); the data set counts as drifted from {DatasetShare:0%} of them.");
    }

    private sealed record Subject(MonitorKind Kind, FeatureGroups Reference, long[] Live)
    {
        public long Rows { get; } = Live.Sum();

        public string Name => Kind == MonitorKind.PredictionDrift ? "output" : Reference.Name;

        public string Title => Kind == MonitorKind.PredictionDrift ? "The model's output" : $"Input '{Reference.Name}'";
    }
}
