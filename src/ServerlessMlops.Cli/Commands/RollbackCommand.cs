using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Cli.Commands;

/// <summary>
/// <c>mlops rollback --pipeline P</c>: takes what is being rolled out away, or else what serves out of service for the version before.
/// </summary>
internal static class RollbackCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        Option<string> pipeline = PipelineOption.Create();
        var version = new Option<int?>("--leave")
        {
            Description = "The version to take out of service. Default: what is being rolled out, else what serves. Naming it makes a repeated command harmless.",
        };
        var why = new Option<string>("--why") { Description = "The reason, for the ledger.", DefaultValueFactory = _ => "rolled back by hand" };
        var command = new Command("rollback", "Make the model version before serve again.") { pipeline, version, why };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            string name = parsed.GetValue(pipeline)!;
            LivePointer? live = parsed.GetValue(version) is null ? (await client.GetDeploymentAsync(name, cancellation)).Live : null;
            int leave = parsed.GetValue(version) ?? live?.Rollout?.Version ?? live?.Version
                ?? throw CliException.Failed($"Pipeline '{name}' has nothing to roll back: no version serves yet.");
            DeploymentView after = await client.RollBackAsync(name, leave, parsed.GetValue(why)!, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(after);
            }

            reporter.Say(DeploymentText.Of(name, after));
            return ExitCode.Success;
        });
        return command;
    }
}
