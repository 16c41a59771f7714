namespace ServerlessMlops.Core.Evaluation;

/// <summary>What became of a run's candidates.</summary>
/// <param name="Accepted">Whether the winner may be registered.</param>
/// <param name="Reason">The judgement, for people who know the product and not the statistics.</param>
public sealed record Judgement(bool Accepted, string Reason)
{
    /// <summary>Concludes a report: the winner is accepted if no blocking gate or test is open and its bytes behave.</summary>
    public static Judgement Of(EvaluationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Winner is null)
        {
            return new Judgement(Accepted: false, $"No candidate could be measured by {report.Metric}.");
        }

        ModelEvaluation winner = report.Models.First(m => m.Name == report.Winner && m.Version is null);
        int candidates = report.Models.Count(m => m.Version is null);
        string field = $"'{winner.Name}' is the best of {Words.Count(candidates, "candidate")}: {report.Metric} {winner.Metrics[report.Metric]}.";
        string[] faults =
        [
            .. report.Gates.Where(g => g.Blocks).Select(g => $"gate '{g.Gate}' {Outcome(g.Verdict)}: {g.Reason}"),
            .. report.Tests.Where(t => t.Blocks).Select(t => $"test '{t.Test}' {Outcome(t.Verdict)}: {t.Reason}"),
            .. report.Sandbox is { Verdict: not Verdict.Passed } sandbox ? [$"the sandbox refused it: {sandbox.Reason}"] : Array.Empty<string>(),
        ];
        string[] warnings =
        [
            .. report.Gates.Where(g => !g.Passed && !g.Blocks).Select(g => $"gate '{g.Gate}' {Outcome(g.Verdict)}"),
            .. report.Tests.Where(t => t.Verdict != Verdict.Passed && !t.Blocks).Select(t => $"test '{t.Test}' {Outcome(t.Verdict)}"),
        ];
        string end = faults.Length == 0
            ? $"It passed {Passed(report)}{(warnings.Length > 0 ? $", with a warning: {string.Join("; ", warnings)}" : "")}."
            : $"It is not registered: {string.Join("; ", faults)}.";
        return new Judgement(faults.Length == 0, string.Join(' ', new[] { field, Against(report), end }.Where(s => s.Length > 0)));
    }

    private static string Against(EvaluationReport report)
    {
        if (report.Comparisons.FirstOrDefault(c => c.Metric == report.Metric) is not { } comparison)
        {
            return "";
        }

        string champion = $"version {report.ChampionVersion}, which serves ({report.Metric} {Words.Number(comparison.Champion)} on the same rows)";
        (DifferenceEstimate gain, string amount) = (comparison.Gain, Words.Number(Math.Abs(comparison.Gain.Value)));
        return comparison.Outcome switch
        {
            ComparisonOutcome.Wins => $"It beats {champion} by {amount}, more than chance explains ({gain.Range}).",
            ComparisonOutcome.Loses => $"It loses to {champion} by {amount}, more than chance explains ({gain.Reversed.Range}).",
            _ when gain.Value == 0 => $"It is as good as {champion}.",
            _ => $"It seems {(gain.Value > 0 ? "better" : "worse")} than {champion} by {amount}, but the difference is inside the noise ({(gain.Value > 0 ? gain : gain.Reversed).Range}).",
        };
    }

    private static string Passed(EvaluationReport report)
    {
        int gates = report.Gates.Count(g => g.Passed), tests = report.Tests.Count(t => t.Verdict == Verdict.Passed);
        string what = report.Gates.Count == 0 ? "(no gates)" : $"{gates} of {Words.Count(report.Gates.Count, "gate")}";
        return report.Tests.Count == 0 ? what : $"{what} and {tests} of {Words.Count(report.Tests.Count, "test")}";
    }

    private static string Outcome(Verdict verdict) => verdict == Verdict.Failed ? "failed" : "has insufficient evidence";
}
