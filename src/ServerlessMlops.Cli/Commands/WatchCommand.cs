using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Runs;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops watch --pipeline P</c>: the newest runs, kept fresh until Ctrl-C; in a log, a line for each change.</summary>
internal static class WatchCommand
{
    private const int ShownRuns = 15;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static Command Create(GlobalOptions options, CliContext context)
    {
        Option<string> pipeline = PipelineOption.Create();
        var untilIdle = new Option<bool>("--until-idle") { Description = "End when no run is under way." };
        var command = new Command("watch", "Follow the runs of a pipeline until Ctrl-C.") { pipeline, untilIdle };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            bool untilIdleGiven = parsed.GetValue(untilIdle);
            try
            {
                await (context.IsInteractive && !reporter.IsJson
                    ? DrawAsync(client, parsed.GetValue(pipeline)!, untilIdleGiven, reporter.Console, context, cancellation)
                    : ListChangesAsync(client, parsed.GetValue(pipeline)!, untilIdleGiven, reporter, context, cancellation));
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // Ctrl-C is how one stops watching.
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Task DrawAsync(
        ControlPlaneClient client, string pipeline, bool untilIdle, IAnsiConsole console, CliContext context, CancellationToken cancellation) =>
        console.Live(new Text("")).StartAsync(async live =>
        {
            while (true)
            {
                Page<Run> page = await client.ListRunsAsync(pipeline, null, cancellation);
                string[] rollout = [.. await RolloutAsync(client, pipeline, page.Items, context, cancellation)];
                live.UpdateTarget(page.Items.Count == 0
                    ? new Text($"Pipeline '{pipeline}' has no runs yet.")
                    : new Rows([RunsTable.Of(page.Items.Take(ShownRuns), context.Time), .. rollout.Select(line => new Markup(line))]));
                live.Refresh();
                if (untilIdle && page.Items.All(run => run.IsEnded))
                {
                    return;
                }

                await Task.Delay(Interval, context.Time, cancellation);
            }
        });

    private static async Task ListChangesAsync(
        ControlPlaneClient client, string pipeline, bool untilIdle, Reporter reporter, CliContext context, CancellationToken cancellation)
    {
        var seen = new Dictionary<string, (RunStatus, string)>(StringComparer.Ordinal);
        string said = "";
        while (true)
        {
            Page<Run> page = await client.ListRunsAsync(pipeline, null, cancellation);
            foreach (Run run in page.Items.Reverse())
            {
                if (!seen.TryGetValue(run.Id, out (RunStatus, string) last) || last != (run.Status, run.Stage))
                {
                    seen[run.Id] = (run.Status, run.Stage);
                    if (reporter.IsJson)
                    {
                        // One document a line, so that a pipe can follow it.
                        await context.Output.WriteLineAsync(System.Text.Json.JsonSerializer.Serialize(run, MlopsJson.Options));
                    }

                    reporter.Say(Markup.Escape(
                        $"{Format.Time(context.Time.GetUtcNow())} {run.Kind.ToString().ToLowerInvariant()} {run.Id} {run.Status.ToString().ToLowerInvariant()} {run.Stage}" +
                        (run.Reason is null ? "" : $": {run.Reason}")));
                }
            }

            if (!reporter.IsJson)
            {
                string rollout = string.Join(Environment.NewLine, await RolloutAsync(client, pipeline, page.Items, context, cancellation));
                if (rollout != said && rollout.Length > 0)
                {
                    reporter.Say(rollout);
                }

                said = rollout;
            }

            if (untilIdle && page.Items.All(run => run.IsEnded))
            {
                return;
            }

            await Task.Delay(Interval, context.Time, cancellation);
        }
    }

    /// <summary>Lines about the running rollout; the app is asked only where a run says that one runs.</summary>
    private static async Task<IEnumerable<string>> RolloutAsync(
        ControlPlaneClient client, string pipeline, IReadOnlyList<Run> runs, CliContext context, CancellationToken cancellation) =>
        runs.Any(run => run is { Kind: RunKind.Rollout, IsEnded: false })
            ? DeploymentText.Rollout(await client.GetDeploymentAsync(pipeline, cancellation))
            : [];
}
