using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core.Runs;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops cancel</c> and <c>mlops retry</c>: what a person does with a run.</summary>
internal static class RunVerbCommands
{
    public static Command CreateCancel(GlobalOptions options, CliContext context)
    {
        var why = new Option<string>("--why") { Description = "The reason, for the run's record.", DefaultValueFactory = _ => "cancelled by hand" };
        Command command = Create(
            "cancel",
            "End an ingestion or training that runs or waits.",
            "The run. Default: the newest that runs or waits.",
            RunVerbs.CanBeCancelled,
            "is an ingestion or training that runs or waits",
            options,
            context,
            (client, pipeline, id, parsed, cancellation) => client.CancelRunAsync(pipeline, id, parsed.GetValue(why)!, cancellation),
            (id, _) => $"Run {Markup.Escape(id)} is cancelled.");
        command.Options.Add(why);
        return command;
    }

    public static Command CreateRetry(GlobalOptions options, CliContext context) => Create(
        "retry",
        "Try a run again that did not end as meant: an ingestion, a training that broke, a file of labels or of rows to score.",
        "The run. Default: the newest that ended so.",
        run => run.IsEnded && run.CanBeRetried(),
        "failed, was rejected or was cancelled, and can be tried again",
        options,
        context,
        (client, pipeline, id, _, cancellation) => client.RetryRunAsync(pipeline, id, cancellation),
        (_, answer) => $"Run {Markup.Escape(answer.RunId)} tries it again; 'mlops watch' follows it.");

    private static Command Create(
        string name,
        string description,
        string runDescription,
        Func<Run, bool> isMeant,
        string meant,
        GlobalOptions options,
        CliContext context,
        Func<ControlPlaneClient, string, string, ParseResult, CancellationToken, Task<RunVerbView>> send,
        Func<string, RunVerbView, string> say)
    {
        var run = new Argument<string?>("run") { Description = runDescription, Arity = ArgumentArity.ZeroOrOne };
        Option<string> pipeline = PipelineOption.Create();
        var command = new Command(name, description) { run, pipeline };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            string p = parsed.GetValue(pipeline)!;
            string id = parsed.GetValue(run)
                ?? (await client.ListRunsAsync(p, null, cancellation)).Items.FirstOrDefault(isMeant)?.Id
                ?? throw CliException.Failed($"None of the newest runs of pipeline '{p}' {meant}. 'mlops runs -p {p}' lists them; name one.");
            RunVerbView answer = await send(client, p, id, parsed, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(answer);
            }

            reporter.Say(say(id, answer));
            return ExitCode.Success;
        });
        return command;
    }
}
