using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops promote VERSION --pipeline P</c>: makes a version serve, now and whole.</summary>
internal static class PromoteCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        var version = new Argument<int>("version") { Description = "The version that shall serve." };
        Option<string> pipeline = PipelineOption.Create();
        var why = new Option<string>("--why") { Description = "The reason, for the ledger.", DefaultValueFactory = _ => "promoted by hand" };
        var command = new Command("promote", "Make a model version serve.") { version, pipeline, why };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            DeploymentView after = await client.PromoteAsync(
                parsed.GetValue(pipeline)!, parsed.GetValue(version), parsed.GetValue(why)!, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(after);
            }

            reporter.Say(DeploymentText.Of(parsed.GetValue(pipeline)!, after, context.Time));
            return ExitCode.Success;
        });
        return command;
    }
}
