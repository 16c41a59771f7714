using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Registry;
using Spectre.Console;

namespace ServerlessMlops.Cli.Output;

/// <summary>What a model version was judged by, in brief.</summary>
internal static class ModelJudgementText
{
    public static void Show(Reporter reporter, int version, ModelCard card)
    {
        if (reporter.IsJson)
        {
            reporter.Facts(new { version, card.Candidate, card.Metrics, card.Gates, card.Tests, card.Evaluation });
            return;
        }

        reporter.Say($"Version {version}: {Markup.Escape(card.Candidate)}, judged on {card.HoldoutRows:N0} rows (run {Markup.Escape(card.RunId)}).");
        string metrics = string.Join("  ", card.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m =>
            card.Evaluation?.Metrics.GetValueOrDefault(m.Key) is { Low: { } low, High: { } high } ? $"{m.Key} {Format.Metric(m.Value)} ({Format.Metric(low)} to {Format.Metric(high)})" : $"{m.Key} {Format.Metric(m.Value)}"));
        reporter.Say(Markup.Escape(metrics));
        if (card.Gates.Count + card.Tests.Count == 0)
        {
            reporter.Say("The spec had no gates and no tests.");
            return;
        }

        var listing = new Listing(["Verdict"], ["Gate or test", "Why"]);
        foreach (GateVerdict gate in card.Gates)
        {
            listing.Add(Word(gate.Verdict), Markup.Escape(gate.Gate), Markup.Escape(gate.Reason));
        }

        foreach (TestVerdict test in card.Tests)
        {
            listing.Add(Word(test.Verdict), Markup.Escape(test.Test), Markup.Escape(test.Reason));
        }

        reporter.Console.Write(listing);
    }

    private static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Passed => "[green]passed[/]",
        Verdict.Failed => "[red]failed[/]",
        _ => "[yellow]insufficient evidence[/]",
    };
}
