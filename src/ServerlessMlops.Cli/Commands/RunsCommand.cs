using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops runs --pipeline P</c>: what was done, newest first, and how it ended.</summary>
internal static class RunsCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        Option<string> pipeline = PipelineOption.Create();
        var next = new Option<string?>("--next") { Description = "Continue a listing, with what the page before named." };
        var command = new Command("runs", "List the runs of a pipeline, newest first.") { pipeline, next };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            Page<Run> page = await client.ListRunsAsync(parsed.GetValue(pipeline)!, parsed.GetValue(next), cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(page);
                return ExitCode.Success;
            }

            if (page.Items.Count == 0)
            {
                if (parsed.GetValue(next) is null)
                {
                    await PipelineOption.RequireKnownAsync(client, parsed.GetValue(pipeline)!, cancellation);
                }

                reporter.Say($"Pipeline '{parsed.GetValue(pipeline)}' has no runs.");
                return ExitCode.Success;
            }

            reporter.Console.Write(RunsTable.Of(page.Items, context.Time));
            if (page.Next is not null)
            {
                reporter.Command($"[grey]There are more: mlops runs --pipeline {parsed.GetValue(pipeline)} --next {Spectre.Console.Markup.Escape(page.Next)}[/]");
            }

            return ExitCode.Success;
        });
        return command;
    }
}
