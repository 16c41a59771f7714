using System.CommandLine;
using ServerlessMlops.Cli.Demo;
using ServerlessMlops.Cli.Local;
using ServerlessMlops.Cli.Output;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops demo</c>: the whole way on the bird strikes sample, from nothing to predictions.</summary>
internal static class DemoCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        var local = new LocalRunOptions();
        var exit = new Option<bool>("--exit") { Description = "End when the demo is through, instead of leaving everything running until Ctrl-C." };
        var timeout = new Option<int>("--timeout") { Description = "Minutes that ingestion, training and rollout may take together.", DefaultValueFactory = _ => 10 };
        timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 1440)
            {
                result.AddError($"--timeout is {result.GetValueOrDefault<int>()}; expected 1 to 1440 minutes.");
            }
        });
        var command = new Command("demo", "Show the whole way on a sample: upload, check, train, judge, serve, score.") { exit, timeout };
        local.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            LocalFolders folders = options.FindFolders(parsed, context);
            await using LocalStack stack = await LocalStack.StartAsync(
                folders, local.Read(parsed, options.NamedConnection(parsed, context)), reporter, context.Time, cancellation);
            var scenario = new DemoScenario(stack.Url, stack.Connection, folders.Sample, TimeSpan.FromMinutes(parsed.GetValue(timeout)), reporter, context.Time);
            DemoFacts facts = await scenario.RunAsync(cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(facts);
            }

            DemoText.Write(reporter, facts, stack.AppLog, folders, keepsRunning: !parsed.GetValue(exit));
            if (!parsed.GetValue(exit))
            {
                await stack.RunUntilCancelledAsync(cancellation);
                reporter.Say("Ending; what is in memory is written out first.");
            }

            return ExitCode.Success;
        });
        return command;
    }
}
