using System.CommandLine;

namespace ServerlessMlops.Cli.Commands;

/// <summary>The command line as a whole: its verbs, and what happens when one fails.</summary>
internal static class MlopsCommandLine
{
    /// <summary>Runs a command line to its end.</summary>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] arguments, CliContext context, CancellationToken cancellation)
    {
        ParseResult parsed = Create(context).Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (string fault in UsageFaults.Of(parsed))
            {
                await context.Error.WriteLineAsync($"mlops: {fault}");
            }

            await context.Error.WriteLineAsync($"mlops: '{UsageFaults.PathOf(parsed)} --help' tells what it takes.");
            return ExitCode.Usage;
        }

        // Signals are dealt with by Program; errors here, in words and not as a stack trace.
        var invocation = new InvocationConfiguration
        {
            Output = context.Output,
            Error = context.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await parsed.InvokeAsync(invocation, cancellation);
        }
        catch (CliException problem)
        {
            await context.Error.WriteLineAsync($"mlops: {problem.Message}");
            return problem.ExitCode;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await context.Error.WriteLineAsync("mlops: ended before it was done.");
            return ExitCode.Cancelled;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            await context.Error.WriteLineAsync($"mlops: {problem.Message}");
            return ExitCode.Environment;
        }
    }

    /// <summary>The command tree.</summary>
    internal static RootCommand Create(CliContext context)
    {
        var options = new GlobalOptions();
        var root = new RootCommand(
            "Machine learning operations on one storage account: files in, checked and versioned data, models, predictions.\n"
            + "Exit codes: 0 done; 1 the app said no, or a run or file did not pass; 2 the command line is wrong; 3 the app, the storage, a port or Node.js is missing or in the way; 130 ended by Ctrl-C.");
        options.AddTo(root);
        foreach (Command command in (Command[])
                 [
                     UpCommand.Create(options, context),
                     DemoCommand.Create(options, context),
                     PushCommand.Create(options, context),
                     UploadCommand.Create(options, context),
                     LabelCommand.Create(options, context),
                     RunsCommand.Create(options, context),
                     WatchCommand.Create(options, context),
                     ModelsCommand.Create(options, context),
                     CheckCommand.Create(options, context),
                     TryCommand.Create(options, context),
                     ScoreCommand.Create(options, context),
                     PromoteCommand.Create(options, context),
                     RollbackCommand.Create(options, context),
                     RolloutVerbCommands.CreateHold(options, context),
                     RolloutVerbCommands.CreateResume(options, context),
                     ApproveCommand.Create(options, context),
                     RunVerbCommands.CreateCancel(options, context),
                     RunVerbCommands.CreateRetry(options, context),
                     AlertsCommand.Create(options, context),
                     LedgerCommand.Create(options, context),
                     ReplayCommand.Create(options, context),
                 ])
        {
            root.Subcommands.Add(command);
        }

        return root;
    }
}
