using ServerlessMlops.Cli.Local;
using ServerlessMlops.Cli.Output;
using Spectre.Console;

namespace ServerlessMlops.Cli.Demo;

/// <summary>The end of the demo, for a person: what came out, and what to try next.</summary>
internal static class DemoText
{
    /// <summary>The metrics of a binary model that say most at a glance: how it ranks, and how far its probabilities can be believed.</summary>
    private static readonly string[] ShownMetrics = ["auc", "pr_auc", "log_loss", "ece"];

    /// <param name="reporter">Where it goes; nothing beside JSON.</param>
    /// <param name="facts">What the demo found.</param>
    /// <param name="log">The app's log.</param>
    /// <param name="folders">The checkout.</param>
    /// <param name="keepsRunning">Whether app and storage stay up.</param>
    public static void Write(Reporter reporter, DemoFacts facts, string log, LocalFolders folders, bool keepsRunning)
    {
        if (reporter.IsJson)
        {
            return;
        }

        reporter.Say();
        reporter.Console.Write(PredictionTable(facts));
        string metrics = string.Join(", ", ShownMetrics.Where(facts.Metrics.ContainsKey).Select(name => $"{name} {Format.Metric(facts.Metrics[name])}"));
        reporter.Say($"Version {facts.Version} ({Markup.Escape(facts.Candidate ?? "model")} {Format.Id(facts.ModelId)}) serves. On its hold-out: {Markup.Escape(metrics)}.");
        if (facts.Repeated)
        {
            reporter.Say(
                $"All of it was there already: the same upload, batch {Format.Id(facts.BatchId)}, data set {Format.Id(facts.DatasetId)}, " +
                $"{facts.Versions} {(facts.Versions == 1 ? "version" : "versions")}. Nothing was duplicated.");
        }

        if (keepsRunning)
        {
            WriteNext(reporter, facts, log, folders);
        }
    }

    private static Table PredictionTable(DemoFacts facts)
    {
        var table = new Table().Border(TableBorder.Simple).Title("Would the strike damage the aircraft? Rows the model has never seen");
        table.AddColumn("Key");
        table.AddColumn("Strike");
        table.AddColumn("Chance of damage");
        table.AddColumn("Truth");
        foreach (DemoPrediction row in facts.Predictions)
        {
            string chance = PredictionText.Probability(row.Prediction) is { } probability ? $"{probability:0%}" : PredictionText.Of(row.Prediction);
            table.AddRow(Markup.Escape(row.Key), Markup.Escape(row.Row), Markup.Escape(chance), row.Actual == "true" ? "damaged" : "not damaged");
        }

        return table;
    }

    private static void WriteNext(Reporter reporter, DemoFacts facts, string log, LocalFolders folders)
    {
        const string Run = "dotnet run --project src/ServerlessMlops.Cli --";
        string sample = Path.GetRelativePath(folders.Root, folders.Sample).Replace('\\', '/');
        reporter.Say();
        reporter.Command($"How the pipeline stands, in a browser: [blue]{facts.Url}api/pipelines/{facts.Pipeline}/overview[/]");
        reporter.Say($"Everything keeps running at [blue]{facts.Url}[/]; Ctrl-C ends it. In another terminal, in {Markup.Escape(folders.Root)}, try:");
        foreach ((string command, string what) in ((string, string)[])
                 [
                     ($"{Run} push {sample}/uploads/1998.csv -p {facts.Pipeline}", "the next year arrives; a new model is trained"),
                     ($"{Run} watch -p {facts.Pipeline}", "see it happen"),
                     ($"{Run} models -p {facts.Pipeline}", "versions and their metrics"),
                     ($"{Run} score {sample}/scoring/2002-05-to-07.csv -p {facts.Pipeline}", "more predictions"),
                     ($"{Run} rollback -p {facts.Pipeline}", "the version before serves again"),
                 ])
        {
            reporter.Command($"  [bold]{Markup.Escape(command)}[/]");
            reporter.Say($"      [grey]{Markup.Escape(what)}[/]");
        }

        if (facts.Predictions.Select(p => PredictionText.InferenceId(p.Prediction)).FirstOrDefault(id => id.Length > 0) is { } inferenceId)
        {
            reporter.Command($"  [bold]curl {Markup.Escape($"{facts.Url}api/predictions/{inferenceId}")}[/]");
            reporter.Say("      [grey]what was answered, by which version (in some seconds, when the log is written)[/]");
        }

        reporter.Say($"The spec is {sample}/{facts.Pipeline}.yaml, the app's log {Markup.Escape(log)}, all state {Markup.Escape(folders.State)} (delete it to start afresh).");
    }
}
