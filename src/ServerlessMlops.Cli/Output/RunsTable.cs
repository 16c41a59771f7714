using ServerlessMlops.Core.Runs;
using Spectre.Console;

namespace ServerlessMlops.Cli.Output;

/// <summary>Runs as a table, newest first as they come.</summary>
internal static class RunsTable
{
    public static Table Of(IEnumerable<Run> runs, TimeProvider time)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in (string[])["Started", "Kind", "Status", "Stage", "Took", "Input", "Reason"])
        {
            table.AddColumn(column);
        }

        foreach (Run run in runs)
        {
            table.AddRow(
                Format.Time(run.StartedAt, time),
                run.Kind.ToString().ToLowerInvariant(),
                Status(run.Status),
                Markup.Escape(run.Stage),
                Format.Duration((run.EndedAt ?? time.GetUtcNow()) - run.StartedAt),
                Markup.Escape(Input(run)),
                Markup.Escape(run.Reason ?? ""));
        }

        return table;
    }

    /// <summary>The status in its colour.</summary>
    public static string Status(RunStatus status)
    {
        string colour = status switch
        {
            RunStatus.Succeeded => "green",
            RunStatus.Cached => "green",
            RunStatus.Running or RunStatus.Waiting => "yellow",
            RunStatus.Rejected or RunStatus.Failed => "red",
            _ => "grey",
        };
        return $"[{colour}]{status.ToString().ToLowerInvariant()}[/]";
    }

    /// <summary>What it was about: the newest of its uploads (they stand in the order of their coming), or what it read first.</summary>
    private static string Input(Run run)
    {
        RunArtifact[] uploads = [.. run.Inputs.Where(i => i.Kind == "upload")];
        return uploads.Length switch
        {
            0 => run.Inputs.Count > 0 ? $"{run.Inputs[0].Kind} {Format.Id(run.Inputs[0].Id)}" : "",
            1 => uploads[0].Id,
            _ => $"{uploads[^1].Id} and {uploads.Length - 1} before",
        };
    }
}
