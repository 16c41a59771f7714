using System.Globalization;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using static ServerlessMlops.Core.Registry.Cards.CardFigures;

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
            : ListPages.Table(Runs));
        if (Runs.Count > 0)
        {
            blocks.Add(new CardLinks([new CardLink("All runs", PagePaths.Runs(Pipeline))]));
        }

        return new CardDocument(Pipeline, [.. Badges()], Summary(), blocks) { Ways = PagePaths.Ways(Pipeline) };
    }

    private IEnumerable<CardCell> Badges()
    {
        yield return Live is { } live ? new CardCell($"version {live.Version} serves", CardTone.Good, Path: PagePaths.Card(Pipeline, live.Version)) : new CardCell("nothing serves", CardTone.Unsure);
        if (Live?.Rollout is { } rollout)
        {
            yield return new CardCell($"version {rollout.Version} is being rolled out", Path: PagePaths.Card(Pipeline, rollout.Version));
        }

        if (Monitor is { } monitor)
        {
            yield return Of(monitor.Verdict);
        }

        yield return Alerts.Count == 0 ? new CardCell("no alerts") : new CardCell(Words.Count(Alerts.Count, "alert"), CardTone.Bad, Path: PagePaths.Alerts(Pipeline));
    }

    private string Summary()
    {
        if (Live is not { } live)
        {
            return LastVersion == 0 ? "No model has been registered yet." : LastVersion == 1 ? "1 version is registered, and it does not serve." : $"{LastVersion} versions are registered, and none serves.";
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
            yield return new CardLinks([new CardLink($"What version {pending} was judged by", PagePaths.Card(Pipeline, pending))]);
        }

        foreach (Run waiting in Runs.Where(r => r.Status == RunStatus.Waiting && r.Kind != RunKind.Approval))
        {
            nothing = false;
            yield return new CardParagraph($"Run {waiting.Id} waits: {waiting.Reason}");
            yield return new CardLinks([new CardLink("The run", PagePaths.Run(Pipeline, waiting.Id))]);
        }

        if (Alerts.Count > 0)
        {
            yield return ListPages.Table(Alerts);
            yield return new CardParagraph($"Say that you look after one: mlops alerts ack ID -p {Pipeline}");
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
            $"Version {monitor.Version}, {Time(monitor.From)} to {Time(monitor.Until)}: {Number(monitor.Requests)} requests, {Number(monitor.Predictions)} predictions.");
        if (monitor.Findings.Count > 0)
        {
            yield return new CardTable(
                ["Check", "Of", "Verdict", "Numbers"],
                [.. monitor.Findings.OrderBy(f => Rank(f.Verdict)).Select(f => (CardCell[])[EnumNames.Word(f.Kind), new(f.Subject, CardTone.Id), Of(f.Verdict), f.Sentence])]);
        }
    }

    private static CardCell Of(MonitorVerdict verdict) => verdict switch
    {
        MonitorVerdict.Ok => new("ok", CardTone.Good),
        MonitorVerdict.Warning => new("warning", CardTone.Unsure),
        MonitorVerdict.Alarm => new("alarm", CardTone.Bad),
        _ => new("insufficient evidence"),
    };

    private static int Rank(MonitorVerdict verdict) => verdict switch { MonitorVerdict.Alarm => 0, MonitorVerdict.Warning => 1, MonitorVerdict.Ok => 2, _ => 3 };
}
