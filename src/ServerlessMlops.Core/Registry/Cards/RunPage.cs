using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Runs;
using static ServerlessMlops.Core.Registry.Cards.CardFigures;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>A run as a page for people: how it ended and why, what can be done, what was found in the upload or measured of the candidates, what it read and wrote.</summary>
public static class RunPage
{
    /// <summary>Puts the page together.</summary>
    /// <param name="run">The run.</param>
    /// <param name="report">What was found out about its upload; null where it read none.</param>
    /// <param name="evaluation">What its candidates were judged by; null where it judged none.</param>
    /// <param name="now">Now.</param>
    public static CardDocument Of(Run run, UploadReport? report, EvaluationReport? evaluation, DateTimeOffset now)
    {
        List<CardBlock> blocks = [new CardParagraph($"Began {Time(run.StartedAt)}, {(run.EndedAt is { } ended ? $"took {Duration(ended - run.StartedAt)}" : $"for {Duration(now - run.StartedAt)} now")}.")];
        if (Commands(run) is { Length: > 0 } commands)
        {
            blocks.Add(new CardHeading("What can be done?"));
            if (run is { Kind: RunKind.Ingestion, Status: RunStatus.Rejected })
            {
                blocks.Add(new CardParagraph("Mend the file and upload it again, which is a run of its own. Where the spec was wrong, change the spec and try this run again."));
            }

            blocks.Add(new CardCode(commands));
        }

        if (report is not null)
        {
            blocks.AddRange(Upload(report));
        }

        if (evaluation is not null)
        {
            blocks.AddRange(Judgement(evaluation));
        }

        blocks.AddRange(Artifacts("What did it read?", run, run.Inputs));
        blocks.AddRange(Artifacts("What did it write?", run, run.Outputs));
        List<CardCell> badges = [CardFigures.Of(run.Status), new(run.Stage)];
        if (run.Attempt > 1)
        {
            badges.Add($"attempt {run.Attempt}");
        }

        return new CardDocument($"{run.Kind} {run.Id}", badges, run.Reason ?? Plain(run), blocks) { Ways = PagePaths.Ways(run.Pipeline) };
    }

    /// <summary>What came of a run, in a line.</summary>
    internal static string Outcome(Run run) => run.Reason
        ?? (run.Outputs.Count > 0 ? string.Join(", ", run.Outputs.Select(o => $"{o.Kind} {(o.Id.Contains('/', StringComparison.Ordinal) ? o.Id : ContentAddress.Short(o.Id))}")) : run.Stage);

    private static string Plain(Run run) => run.Status switch
    {
        RunStatus.Running => $"Under way: {run.Stage}.",
        RunStatus.Succeeded => "Ended as meant.",
        RunStatus.Cached => "Nothing was to do: the same had been done before.",
        _ => $"It is {EnumNames.Word(run.Status)}.",
    };

    private static string Commands(Run run) => string.Join('\n', (string[])
    [
        .. run.CanBeRetried() ? (string[])[$"mlops retry {run.Id} -p {run.Pipeline}"] : [],
        .. run.CanBeCancelled() ? (string[])[$"mlops cancel {run.Id} -p {run.Pipeline}"] : [],
    ]);

    private static IEnumerable<CardBlock> Upload(UploadReport report)
    {
        yield return new CardHeading("What was found in the file?");
        yield return new CardParagraph(
            $"{(report.Format.Length > 0 ? $"{report.Format}, " : "")}{Number(report.Bytes)} bytes: {Number(report.RowsKept)} rows {(report.BatchId is null ? "without a fault" : "kept")}, {Number(report.RowsRejected)} set aside.");
        if (report.Findings.Count > 0)
        {
            yield return new CardTable(
                ["Severity", "Column", "What", "Code"],
                [
                    .. report.Findings.Select(f => (CardCell[])
                    [
                        new(EnumNames.Word(f.Severity), f.Severity switch { FindingSeverity.Error => CardTone.Bad, FindingSeverity.Warning => CardTone.Unsure, _ => CardTone.Plain }),
                        new(f.Column ?? "", CardTone.Id), f.Message, new(f.Code, CardTone.Id),
                    ]),
                ]);
        }

        if (report.Rejections.Count > 0)
        {
            yield return new CardParagraph($"Why rows were set aside{(report.RejectedRows is { } path ? $"; each stands with its line and value in datasets/{path}" : "")}:");
            yield return new CardTable(["Column", "Rule", "Rows"], [.. report.Rejections.Select(r => (CardCell[])[new(r.Column, CardTone.Id), r.Rule, Number(r.Count)])]);
        }

        if (report.Differences.Count > 0)
        {
            yield return new CardHeading("How does it differ from the upload before?");
            yield return new CardTable(["Difference"], [.. report.Differences.Select(d => (CardCell[])[d])]);
        }
    }

    private static IEnumerable<CardBlock> Judgement(EvaluationReport evaluation)
    {
        yield return new CardHeading("How were the candidates judged?");
        yield return new CardParagraph($"All on the same {Number(evaluation.Rows)} rows that no candidate learned from, by {evaluation.Metric}.");
        yield return new CardTable(
            ["Model", evaluation.Metric, "95% interval"],
            [
                .. evaluation.Models.Select(m =>
                {
                    MetricEstimate? measured = m.Metrics.GetValueOrDefault(evaluation.Metric);
                    string name = m.Version is { } version ? $"{m.Name} (version {version})" : m.Name;
                    return (CardCell[])
                    [
                        m.Name == evaluation.Winner ? new(name, CardTone.Good) : new(name, Path: m.Version is { } served ? PagePaths.Card(evaluation.Pipeline, served) : null),
                        new(measured is null ? "" : Value(measured.Value), Share: measured is not null && IsShare(evaluation.Metric) ? measured.Value : null),
                        measured is { Low: { } low, High: { } high } ? $"{Value(low)} to {Value(high)}" : "",
                    ];
                }),
            ]);
        (string Check, Verdict Verdict, string Reason)[] checks = [.. evaluation.Gates.Select(g => (g.Gate, g.Verdict, g.Reason)), .. evaluation.Tests.Select(t => (t.Test, t.Verdict, t.Reason))];
        if (checks.Length > 0)
        {
            yield return new CardTable(["Gate or test", "Verdict", "Numbers"], [.. checks.OrderBy(c => c.Verdict == Verdict.Passed).Select(c => (CardCell[])[new(c.Check, CardTone.Id), CardFigures.Of(c.Verdict), c.Reason])]);
        }

        foreach (string note in evaluation.Notes)
        {
            yield return new CardParagraph(note);
        }
    }

    private static IEnumerable<CardBlock> Artifacts(string heading, Run run, IReadOnlyList<RunArtifact> artifacts)
    {
        if (artifacts.Count == 0)
        {
            yield break;
        }

        yield return new CardHeading(heading);
        bool detailed = artifacts.Any(a => a.Detail is { Length: > 0 });
        yield return new CardTable(
            ["What", "Which", .. detailed ? (string[])["Detail"] : []],
            [.. artifacts.Select(a => (CardCell[])[a.Kind, new(a.Id, CardTone.Id, Path: PathOf(run.Pipeline, a)), .. detailed ? (CardCell[])[a.Detail ?? ""] : []])]);
    }

    private static string? PathOf(string pipeline, RunArtifact artifact) => artifact.Kind switch
    {
        "version" when int.TryParse(artifact.Id, out int version) => PagePaths.Card(pipeline, version),
        "run" => PagePaths.Run(pipeline, artifact.Id),
        _ => null,
    };
}
