using System.Globalization;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Runs;
using static ServerlessMlops.Core.Registry.Cards.CardFigures;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>The listings as pages for people: what a browser shows where a program gets JSON.</summary>
public static class ListPages
{
    private const int MostMetrics = 3;

    /// <summary>All pipelines.</summary>
    public static CardDocument Pipelines(IReadOnlyList<string> names) => new(
        "Pipelines",
        [],
        names.Count == 0 ? "There is no pipeline yet." : $"{Words.Count(names.Count, "pipeline")}.",
        names.Count == 0
            ? [new CardParagraph("A spec makes one: PUT it to /api/pipelines/NAME, or drop it as pipelines/NAME.yaml.")]
            : [new CardTable(["Pipeline", "Runs", "Alerts"], [.. names.Select(n => (CardCell[])[new(n, Path: PagePaths.Overview(n)), new("runs", Path: PagePaths.Runs(n)), new("alerts", Path: PagePaths.Alerts(n))])])]);

    /// <summary>Runs, newest first.</summary>
    public static CardDocument Runs(string pipeline, Page<Run> page) => Of(
        pipeline, "runs", page.Items.Count == 0 ? "Nothing was done yet." : "What was done, and how it ended; newest first.", page.Items.Count == 0 ? null : Table(page.Items), PagePaths.Runs(pipeline), page.Next);

    /// <summary>Versions, newest first.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="page">Its versions.</param>
    /// <param name="aliases">Names of versions.</param>
    public static CardDocument Versions(string pipeline, Page<ModelVersion> page, ILookup<int, string> aliases) => Of(
        pipeline,
        "versions",
        page.Items.Count == 0 ? "No model has been registered yet." : "Registered models, newest first, with their metrics on the hold-out.",
        page.Items.Count == 0 ? null : new CardTable(
            ["Version", "Stage", "Candidate", "Metrics", "Registered"],
            [
                .. page.Items.Select(v => (CardCell[])
                [
                    new(string.Join(", ", [$"version {v.Version}", .. aliases[v.Version]]), Path: PagePaths.Card(pipeline, v.Version)),
                    new(EnumNames.Word(v.Stage), v.Stage == ModelStage.Serving ? CardTone.Good : CardTone.Plain),
                    v.Candidate,
                    string.Join(", ", v.Metrics.Take(MostMetrics).Select(m => $"{m.Key} {Value(m.Value)}")),
                    Time(v.CreatedAt),
                ]),
            ]),
        PagePaths.Versions(pipeline),
        page.Next);

    /// <summary>Ledger lines, newest first.</summary>
    public static CardDocument Ledger(string pipeline, Page<LedgerEntry> page) => Of(
        pipeline,
        "ledger",
        $"Who did what to the models, when, why and on what evidence; newest first. Whether anybody has tampered with it: mlops ledger verify -p {pipeline}",
        new CardTable(
            ["Line", "When", "What", "Who", "Why", "Evidence"],
            [
                .. page.Items.Select(e => (CardCell[])
                [
                    e.Number.ToString(CultureInfo.InvariantCulture),
                    Time(e.At),
                    new(
                        EnumNames.Word(e.Action) + (e.Alias is null ? "" : $" {e.Alias}") + (e.Version is { } about ? $", version {about}" : ""),
                        Path: e.Version is { } version ? PagePaths.Card(pipeline, version) : null),
                    e.Actor,
                    e.Why,
                    new(e.Evidence, CardTone.Id, Path: IsRun(e.Evidence) ? PagePaths.Run(pipeline, e.Evidence) : null),
                ]),
            ]),
        PagePaths.Ledger(pipeline),
        page.Next);

    /// <summary>Alerts, latest beginning first.</summary>
    public static CardDocument Alerts(string pipeline, Page<Alert> page) => Of(
        pipeline,
        "alerts",
        page.Items.Count == 0 ? "Nothing was ever wrong." : $"{page.Items.Count(a => a.State != AlertState.Resolved)} of the {page.Items.Count} shown hold; latest beginning first.",
        page.Items.Count == 0 ? null : Table(page.Items),
        PagePaths.Alerts(pipeline),
        page.Next);

    /// <summary>An alert, with how each notification that told it was delivered.</summary>
    public static CardDocument Of(AlertView view)
    {
        Alert alert = view.Alert;
        List<CardBlock> blocks =
        [
            new CardTable(
                ["What", "Which"],
                [
                    ["topic", EnumNames.Word(alert.Topic)], ["about", alert.Subject], ["began", Time(alert.FirstAt)], ["last reported", Time(alert.LastAt)], ["times", Number(alert.Occurrences)],
                    ["evidence", Evidence(alert)],
                ]),
        ];
        if (alert.Withheld is { } withheld)
        {
            blocks.Add(new CardParagraph($"Nobody is told: {withheld}"));
        }

        if (alert.State != AlertState.Resolved)
        {
            blocks.Add(new CardHeading("What can be done?"));
            blocks.Add(new CardCode($"mlops alerts ack {alert.Id} -p {alert.Pipeline}\nmlops alerts resolve {alert.Id} -p {alert.Pipeline}"));
        }

        blocks.Add(new CardHeading("Who was told?"));
        blocks.Add(view.Deliveries.Count == 0
            ? new CardParagraph($"Nobody: no channel is set up for it, or its turn has not come. A trial: mlops alerts test -p {alert.Pipeline}")
            : new CardTable(
                ["Destination", "When", "Delivered", "Tries", "Outcome"],
                [
                    .. view.Deliveries.Select(d => (CardCell[])
                    [
                        d.Destination, Time(d.At), d.Delivered ? new("yes", CardTone.Good) : new("no", CardTone.Bad), d.Attempts.ToString(CultureInfo.InvariantCulture), d.Outcome,
                    ]),
                ]));
        return new CardDocument(alert.Title, [CardFigures.Of(alert), new(alert.Id, CardTone.Id)], alert.Detail, blocks) { Ways = PagePaths.Ways(alert.Pipeline) };
    }

    /// <summary>Runs in a table: each leads to its page.</summary>
    internal static CardTable Table(IReadOnlyList<Run> runs) => new(
        ["Began", "Run", "Ended as", "What came of it"],
        [.. runs.Select(r => (CardCell[])[Time(r.StartedAt), new(r.Id, CardTone.Id, Path: PagePaths.Run(r.Pipeline, r.Id)), CardFigures.Of(r.Status), RunPage.Outcome(r)])]);

    /// <summary>Alerts in a table: each leads to its page.</summary>
    internal static CardTable Table(IReadOnlyList<Alert> alerts) => new(
        ["Severity", "Alert", "What", "Since", "Id"],
        [.. alerts.Select(a => (CardCell[])[CardFigures.Of(a), new(a.Title, Path: PagePaths.Alert(a.Pipeline, a.Id)), a.Detail, Time(a.FirstAt), new(a.Id, CardTone.Id)])]);

    /// <summary>An alert about the end of a run has the run's id as its evidence; others name a report.</summary>
    private static CardCell Evidence(Alert alert) =>
        new(alert.Evidence, CardTone.Id, Path: alert.Subject == alert.Evidence || alert.Subject.StartsWith($"{alert.Evidence}.", StringComparison.Ordinal) ? PagePaths.Run(alert.Pipeline, alert.Evidence) : null);

    /// <summary>Whether a ledger line's evidence is a training or an approval, which have pages, and not a model or a spec.</summary>
    private static bool IsRun(string evidence) => evidence.StartsWith("train-", StringComparison.Ordinal) || evidence.StartsWith("approval-", StringComparison.Ordinal);

    private static CardDocument Of(string pipeline, string what, string summary, CardTable? table, string path, string? next) =>
        new($"{pipeline}: {what}", [], summary, [.. table is null ? (CardBlock[])[] : [table], .. next is null ? (CardBlock[])[] : [new CardLinks([new CardLink("Older ones", $"{path}?next={Uri.EscapeDataString(next)}")])]])
        {
            Ways = PagePaths.Ways(pipeline),
        };
}
