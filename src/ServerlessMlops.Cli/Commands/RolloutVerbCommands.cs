using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops hold --pipeline P</c> and <c>mlops resume --pipeline P</c>: keep a running rollout at its step, and let it go on.</summary>
internal static class RolloutVerbCommands
{
    public static Command CreateHold(GlobalOptions options, CliContext context) =>
        Create("hold", "Keep the running rollout at its step; it is still rolled back by itself where it turns out worse.", "held by hand", options, context);

    public static Command CreateResume(GlobalOptions options, CliContext context) =>
        Create("resume", "Let a rollout that is held go on.", "resumed by hand", options, context);

    private static Command Create(string verb, string description, string reason, GlobalOptions options, CliContext context)
    {
        Option<string> pipeline = PipelineOption.Create();
        var why = new Option<string>("--why") { Description = "The reason, for the ledger.", DefaultValueFactory = _ => reason };
        var command = new Command(verb, description) { pipeline, why };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            DeploymentView after = await client.MoveRolloutAsync(parsed.GetValue(pipeline)!, verb, parsed.GetValue(why)!, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(after);
            }

            reporter.Say(DeploymentText.Of(parsed.GetValue(pipeline)!, after));
            return ExitCode.Success;
        });
        return command;
    }
}
