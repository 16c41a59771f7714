using ServerlessMlops.Core.Runs;
using Spectre.Console;

namespace ServerlessMlops.Cli.Output;

/// <summary>Runs as a listing, newest first as they come. The id is what <c>retry</c> and <c>cancel</c> take; its beginning says what kind of run it is.</summary>
internal static class RunsTable
{
    public static Listing Of(IEnumerable<Run> runs, TimeProvider time)
    {
        var listing = new Listing(["Started", "Run", "Status", "Took"], ["Stage", "Input", "Reason"]);
        foreach (Run run in runs)
        {
            listing.Add(
                Format.Time(run.StartedAt),
                Markup.Escape(run.Id),
                Status(run.Status),
                Format.Duration((run.EndedAt ?? time.GetUtcNow()) - run.StartedAt),
                Markup.Escape(run.Stage),
                Markup.Escape(Input(run)),
                Markup.Escape(run.Reason ?? ""));
        }

        return listing;
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
