using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation.Gates;

/// <summary>
/// Decides a gate. A value that misses the bound has failed only if its whole interval does; what chance may explain is insufficient evidence. A value
/// that meets the bound has passed, unless the gate asks to beat the champion (or is marked confident): then its whole interval must. Over groups the worst
/// decides, by intervals widened for their number (Bonferroni).
/// </summary>
internal static class GateDecision
{
    /// <summary>With fewer rows nothing is decided.</summary>
    private const int LeastRows = Bootstrap.LeastRows;

    public static GateVerdict Decide(Gate gate, GateEvidence evidence, CheckSeverity severity = CheckSeverity.Blocking, bool confident = false)
    {
        if (evidence.Absence is { } why)
        {
            return new GateVerdict(gate.Text, Verdict.InsufficientEvidence, $"{gate.Subject} cannot be judged: {why}") { Severity = severity };
        }

        if (gate.Bound.NeedsChampion && !evidence.HasChampion)
        {
            Measurement? only = evidence.Measurements.Count == 1 ? evidence.Measurements[0] : null;
            return new GateVerdict(gate.Text, Verdict.Passed, $"{gate.Subject}{(only is null ? "" : $" is {Words.Number(only.Value.Value)}, and it")} has no champion to be compared with: none serves yet, or it learned something else")
            {
                Severity = severity, Value = only?.Value.Value, Rows = only?.Value.Rows,
            };
        }

        Measurement[] judged = [.. evidence.Measurements.Where(m => double.IsFinite(m.Value.Value) && (!gate.Bound.NeedsChampion || (m.Champion is { } c && double.IsFinite(c.Value))))];
        if (judged.Length == 0)
        {
            return new GateVerdict(gate.Text, Verdict.InsufficientEvidence, $"{gate.Subject} cannot be computed on these rows: {WhyNone(gate, evidence)}") { Severity = severity };
        }

        double confidence = 1 - (0.05 / judged.Length);
        GateVerdict worst = judged
            .Select(m => DecideOne(gate, m, evidence, confident, confidence))
            .OrderBy(v => v.Verdict switch { Verdict.Failed => 0, Verdict.InsufficientEvidence => 1, _ => 2 })
            .ThenBy(v => v.Excess!.Value)
            .First();
        return worst with { Severity = severity, Reason = worst.Reason + Groups(judged.Length, evidence) };
    }

    private static GateVerdict DecideOne(Gate gate, Measurement measurement, GateEvidence evidence, bool confident, double confidence)
    {
        SampledValue value = measurement.Value;
        double champion = gate.Bound.NeedsChampion ? measurement.Champion!.Value : 0;
        MetricEstimate estimate = value.Estimate();
        DifferenceEstimate excess = Excess(gate, measurement, evidence, confidence);
        bool meets = gate.Meets(excess.Value);
        bool whole = confident || gate.AsksForAWin(champion);
        Verdict verdict = evidence.IsExact ? (meets ? Verdict.Passed : Verdict.Failed)
            : excess.Low is not { } low || excess.High is not { } high ? Verdict.InsufficientEvidence
            : meets ? (whole && !gate.Meets(low) ? Verdict.InsufficientEvidence : Verdict.Passed)
            : gate.Meets(high) ? Verdict.InsufficientEvidence
            : Verdict.Failed;
        string group = measurement.Group is null ? "" : evidence.IsSensitive ? $" in one group of {gate.Subject.Column}" : $" where {gate.Subject.Column} is {measurement.Group}";
        string measured = $"{gate.Subject}{group} is {(evidence.IsExact ? Words.Number(value.Value) : estimate.ToString())}";
        return new GateVerdict(gate.Text, verdict, $"{measured}, {Sentence(gate, verdict, champion, excess, meets, value.Rows, evidence)}")
        {
            Value = value.Value,
            Bound = gate.Bound.Of(champion),
            Low = estimate.Low,
            High = estimate.High,
            Rows = value.Rows,
            Champion = gate.Bound.NeedsChampion ? champion : null,
            Excess = excess,
            Group = measurement.Group,
        };
    }

    private static string Sentence(Gate gate, Verdict verdict, double champion, DifferenceEstimate excess, bool meets, int rows, GateEvidence evidence)
    {
        string asked = $"must be {Bound(gate, champion)}";
        return verdict switch
        {
            Verdict.Passed when gate.Bound.NeedsChampion && !evidence.IsExact => $"and {asked}: it clears that by {Words.Number(excess.Value)} ({excess.Range})",
            Verdict.Passed => $"and {asked}",
            Verdict.Failed when evidence.IsExact => $"but {asked}",
            Verdict.Failed => $"but {asked}: it misses that by {Words.Number(-excess.Value)}, more than chance explains ({excess.Reversed.Range})",
            _ when excess.Low is null => $"and {asked}, but {Words.Count(rows, evidence.Unit)} cannot tell; at least {LeastRows} are needed",
            _ when meets => $"and {asked}: it seems to be, by {Words.Number(excess.Value)}, but so little may be chance ({excess.Range})",
            _ => $"and {asked}: it misses that by {Words.Number(-excess.Value)}, which may be chance ({excess.Reversed.Range})",
        };
    }

    /// <summary>The excess over the bound; for a bound by the champion, paired resample by resample.</summary>
    private static DifferenceEstimate Excess(Gate gate, Measurement measurement, GateEvidence evidence, double confidence)
    {
        SampledValue value = measurement.Value;
        SampledValue? champion = gate.Bound.NeedsChampion ? measurement.Champion : null;
        double excess = gate.Excess(value.Value, champion?.Value ?? 0);
        if (evidence.IsExact)
        {
            return new DifferenceEstimate(excess);
        }

        var resamples = new double[value.Resamples.Length];
        for (int i = 0; i < resamples.Length; i++)
        {
            resamples[i] = gate.Excess(value.Resamples[i], champion is null ? 0 : champion.Resamples[i]);
        }

        return DifferenceEstimate.Of(Resampling.Compare(excess, resamples, value.Rows, confidence));
    }

    private static string Bound(Gate gate, double champion)
    {
        string comparison = gate.Comparison switch { GateComparison.AtLeast => "at least", GateComparison.Above => "above", GateComparison.AtMost => "at most", _ => "below" };
        string number = Words.Number(gate.Bound.Of(champion));
        return !gate.Bound.NeedsChampion ? $"{comparison} {number}"
            : gate.Bound.Factor != 1 ? $"{comparison} {number} (the champion's {Words.Number(champion)} * {Words.Number(gate.Bound.Factor)})"
            : gate.Bound.Offset == 0 ? $"{comparison} {number}, the champion's"
            : $"{comparison} {number} (the champion's {Words.Number(champion)} {(gate.Bound.Offset < 0 ? '-' : '+')} {Words.Number(Math.Abs(gate.Bound.Offset))})";
    }

    private static string Groups(int judged, GateEvidence evidence) =>
        (judged > 1 ? $"; the weakest of {judged} groups" : "") + (evidence.GroupsLeftOut > 0 ? $"; {Words.Count(evidence.GroupsLeftOut, "group")} with too few rows left out" : "");

    private static string WhyNone(Gate gate, GateEvidence evidence) =>
        evidence.Measurements.Count == 0 ? $"no group of {gate.Subject.Column} has enough rows"
        : evidence.Measurements.Any(m => double.IsFinite(m.Value.Value)) ? "the champion's cannot"
        : "they may be of one class only";
}
