using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>What became of a run's candidates.</summary>
/// <param name="Winner">The best candidate; null where there is none.</param>
/// <param name="Accepted">Whether it passed every gate.</param>
/// <param name="Gates">How each gate was decided.</param>
/// <param name="Reason">The judgement, in a sentence.</param>
public sealed record Judgement(CandidateResult? Winner, bool Accepted, IReadOnlyList<GateVerdict> Gates, string Reason)
{
    /// <summary>Picks the best candidate by the metric and holds it against the gates.</summary>
    /// <param name="task">What was learned.</param>
    /// <param name="metricName">Metric that picks the winner; null for the task's own.</param>
    /// <param name="gateTexts">Gates as the spec writes them.</param>
    /// <param name="candidates">Candidates and their metrics on the hold-out.</param>
    /// <param name="champion">Metrics of the version that serves, on the same rows; null where none serves.</param>
    /// <exception cref="ArgumentException">There is no such metric, or a gate is not one; specs are checked for both when they come in.</exception>
    public static Judgement Of(
        LearningTask task, string? metricName, IReadOnlyList<string> gateTexts, IReadOnlyList<CandidateResult> candidates, IReadOnlyDictionary<string, double>? champion)
    {
        Metric metric = metricName is null ? Metric.Default(task) : Metric.Find(metricName);
        CandidateResult[] measured = [.. candidates.Where(c => c.Metrics.ContainsKey(metric.Name))];
        if (measured.Length == 0)
        {
            return new Judgement(null, Accepted: false, [], $"No candidate could be measured by {metric.Name}.");
        }

        // Ties go to the candidate that the spec names first: the simpler one, in the usual order.
        CandidateResult winner = metric.HigherIsBetter ? measured.MaxBy(c => c.Metrics[metric.Name])! : measured.MinBy(c => c.Metrics[metric.Name])!;
        GateVerdict[] verdicts =
        [
            .. gateTexts.Select(text => Gate.TryParse(text, out Gate? gate, out string? fault)
                ? gate!.Decide(winner.Metrics, champion)
                : throw new ArgumentException($"Gate '{text}': {fault}")),
        ];
        GateVerdict[] failed = [.. verdicts.Where(v => !v.Passed)];
        string field = $"'{winner.Name}' is the best of {candidates.Count} candidate(s) with {metric.Name} {winner.Metrics[metric.Name]:0.####}";
        return failed.Length == 0
            ? new Judgement(winner, Accepted: true, verdicts, $"{field} and passed {(verdicts.Length == 0 ? "(no gates)" : $"all {verdicts.Length} gate(s)")}.")
            : new Judgement(winner, Accepted: false, verdicts, $"{field}, but did not pass {string.Join("; ", failed.Select(v => $"'{v.Gate}' ({v.Reason})"))}.");
    }
}
