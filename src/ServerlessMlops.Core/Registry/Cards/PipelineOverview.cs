using System.Globalization;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>How a pipeline stands, at a glance.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="At">When it was looked at.</param>
/// <param name="Live">What serves; null before the first promotion.</param>
/// <param name="LastVersion">The highest version registered; 0 before the first.</param>
/// <param name="PendingApproval">The version that waits for a person's approval, or null.</param>
/// <param name="Candidate">What kind of model serves; null where none does, or its card is gone.</param>
/// <param name="Metrics">Its metrics on the hold-out.</param>
/// <param name="Monitor">The newest report of the scheduled checks, or null.</param>
/// <param name="Alerts">Alerts that hold, gravest first, those that are only good to know left out.</param>
/// <param name="Runs">The latest runs, newest first.</param>
public sealed record PipelineOverview(
    string Pipeline,
    DateTimeOffset At,
    LivePointer? Live,
    int LastVersion,
    int? PendingApproval,
    string? Candidate,
    IReadOnlyDictionary<string, double> Metrics,
    MonitorReport? Monitor,
    IReadOnlyList<Alert> Alerts,
    IReadOnlyList<Run> Runs)
{
    /// <summary>Puts it together from what the stores hold.</summary>
    /// <param name="head">The registry's head.</param>
    /// <param name="at">Now.</param>
    /// <param name="champion">The card of the version that serves, or null.</param>
    /// <param name="monitor">The newest report, or null.</param>
    /// <param name="alerts">Alerts of the pipeline, in any state.</param>
    /// <param name="runs">Its latest runs, newest first.</param>
    public static PipelineOverview Of(RegistryHead head, DateTimeOffset at, ModelCard? champion, MonitorReport? monitor, IEnumerable<Alert> alerts, IReadOnlyList<Run> runs) => new(
        head.Pipeline,
        at,
        head.Live,
        head.LastVersion,
        head.PendingApproval,
        champion?.Candidate,
        champion?.Metrics ?? new Dictionary<string, double>(),
        monitor,
        [.. alerts.Where(a => a.State != AlertState.Resolved && a.Severity > AlertSeverity.Info).OrderByDescending(a => a.Severity).ThenByDescending(a => a.LastAt)],
        runs);

    /// <summary>It as a page for people: what serves, what a person has to do, how the model fares, what happened lately.</summary>
    public CardDocument Document()
    {
        List<CardBlock> blocks = [new CardHeading("What needs a person?"), .. Needs()];
        blocks.Add(new CardHeading("How does it fare?"));
        blocks.AddRange(Fares());
        blocks.Add(new CardHeading("What happened lately?"));
        blocks.Add(Runs.Count == 0
            ? new CardParagraph($"Nothing yet: drop a file at uploads/{Pipeline}/.")
            : new CardTable(["Began", "Run", "Ended as", "What came of it"], [.. Runs.Select(Row)]));
        return new CardDocument(Pipeline, [.. Badges()], Summary(), blocks);
    }

    private IEnumerable<CardCell> Badges()
    {
        yield return Live is { } live ? new CardCell($"version {live.Version} serves", CardTone.Good) : new CardCell("nothing serves", CardTone.Unsure);
        if (Live?.Rollout is { } rollout)
        {
            yield return new CardCell($"version {rollout.Version} is being rolled out");
        }

        if (Monitor is { } monitor)
        {
            yield return Of(monitor.Verdict);
        }

        yield return Alerts.Count == 0 ? new CardCell("no alerts") : new CardCell($"{Alerts.Count} alert(s)", CardTone.Bad);
    }

    private string Summary()
    {
        if (Live is not { } live)
        {
            return LastVersion == 0 ? "No model has been registered yet." : $"{LastVersion} version(s) are registered, and none serves.";
        }

        string metrics = string.Join(", ", Metrics.Take(3).Select(m => $"{m.Key} {m.Value.ToString("0.####", CultureInfo.InvariantCulture)}"));
        return $"Version {live.Version}{(Candidate is null ? "" : $", a {Candidate} model,")} serves since {Time(live.Since)}."
            + (metrics.Length == 0 ? "" : $" On its hold-out: {metrics}.")
            + (live.PreviousVersion is { } previous ? $" A rollback returns to version {previous}." : "");
    }

    private IEnumerable<CardBlock> Needs()
    {
        bool nothing = true;
        if (PendingApproval is { } pending)
        {
            nothing = false;
            yield return new CardParagraph($"Version {pending} has passed its gates and waits for an approval: mlops approve -p {Pipeline} --why \"...\"");
        }

        foreach (Run waiting in Runs.Where(r => r.Status == RunStatus.Waiting && r.Kind != RunKind.Approval))
        {
            nothing = false;
            yield return new CardParagraph($"Run {waiting.Id} waits: {waiting.Reason}");
        }

        if (Alerts.Count > 0)
        {
            yield return new CardTable(
                ["Severity", "Alert", "What", "Since", "Id"],
                [
                    .. Alerts.Select(a => (CardCell[])
                    [
                        a.State == AlertState.Acknowledged
                            ? $"{Word(a.Severity)}, looked after{(a.AcknowledgedBy is { } by ? $" by {by}" : "")}"
                            : new CardCell(Word(a.Severity), a.Severity == AlertSeverity.Critical ? CardTone.Bad : CardTone.Unsure),
                        a.Title, a.Detail, Time(a.FirstAt), new(a.Id, CardTone.Id),
                    ]),
                ]);
        }
        else if (nothing)
        {
            yield return new CardParagraph("Nothing.");
        }
    }

    private IEnumerable<CardBlock> Fares()
    {
        if (Monitor is not { } monitor)
        {
            yield return new CardParagraph("No scheduled check has reported in the last week.");
            yield break;
        }

        yield return new CardParagraph(
            $"Version {monitor.Version}, {Time(monitor.From)} to {Time(monitor.Until)}: {CardFigures.Number(monitor.Requests)} requests, {CardFigures.Number(monitor.Predictions)} predictions.");
        if (monitor.Findings.Count > 0)
        {
            yield return new CardTable(
                ["Check", "Of", "Verdict", "Numbers"],
                [.. monitor.Findings.OrderBy(f => Rank(f.Verdict)).Select(f => (CardCell[])[Word(f.Kind), new(f.Subject, CardTone.Id), Of(f.Verdict), f.Sentence])]);
        }
    }

    private static IReadOnlyList<CardCell> Row(Run run) =>
    [
        Time(run.StartedAt),
        new(run.Id, CardTone.Id),
        run.Status switch
        {
            RunStatus.Succeeded or RunStatus.Cached => new CardCell(Word(run.Status), CardTone.Good),
            RunStatus.Failed or RunStatus.Rejected => new CardCell(Word(run.Status), CardTone.Bad),
            RunStatus.Waiting => new CardCell(Word(run.Status), CardTone.Unsure),
            _ => Word(run.Status),
        },
        run.Reason ?? run.Stage,
    ];

    private static CardCell Of(MonitorVerdict verdict) => verdict switch
    {
        MonitorVerdict.Ok => new("ok", CardTone.Good),
        MonitorVerdict.Warning => new("warning", CardTone.Unsure),
        MonitorVerdict.Alarm => new("alarm", CardTone.Bad),
        _ => new("insufficient evidence"),
    };

    private static int Rank(MonitorVerdict verdict) => verdict switch { MonitorVerdict.Alarm => 0, MonitorVerdict.Warning => 1, MonitorVerdict.Ok => 2, _ => 3 };

    /// <summary><c>EstimatedPerformance</c> as "estimated performance".</summary>
    private static string Word<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => char.IsAsciiLetterUpper(c) ? (i == 0 ? "" : " ") + char.ToLowerInvariant(c) : c.ToString()));

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";
}
