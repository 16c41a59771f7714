using System.CommandLine;
using ServerlessMlops.Cli.Local;
using ServerlessMlops.Cli.Output;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops up</c>: storage and function app on this machine, until Ctrl-C.</summary>
internal static class UpCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        var local = new LocalRunOptions();
        var command = new Command("up", "Start the storage emulator (unless it runs) and the function app on this machine, until Ctrl-C.");
        local.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(options, local, parsed, context, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        GlobalOptions options, LocalRunOptions local, ParseResult parsed, CliContext context, CancellationToken cancellation)
    {
        var reporter = new Reporter(context, parsed.GetValue(options.Json));
        LocalFolders folders = options.FindFolders(parsed, context);
        await using LocalStack stack = await LocalStack.StartAsync(
            folders, local.Read(parsed, options.NamedConnection(parsed, context)), reporter, context.Time, cancellation);
        if (reporter.IsJson)
        {
            reporter.Facts(new { url = stack.Url, log = stack.AppLog });
        }

        reporter.Say($"The app listens at [blue]{stack.Url}[/]; its log is {stack.AppLog}. Ctrl-C ends it.");
        await stack.RunUntilCancelledAsync(cancellation);
        reporter.Say("Ending; what is in memory is written out first.");
        return ExitCode.Success;
    }
}
