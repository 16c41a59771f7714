using System.CommandLine;
using System.Globalization;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops promote VERSION --pipeline P</c>: makes a version serve, now and whole.</summary>
internal static class PromoteCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        var version = new Argument<string>("version") { Description = "The version that shall serve, or its alias, such as green." };
        version.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && !AliasMoves.IsName(name) && !(int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0))
            {
                result.AddError($"'{name}' is neither a version (1, 2, 3 ...) nor an alias ({AliasMoves.Rule}).");
            }
        });
        Option<string> pipeline = PipelineOption.Create();
        var why = new Option<string>("--why") { Description = "The reason, for the ledger.", DefaultValueFactory = _ => "promoted by hand" };
        var command = new Command("promote", "Make a model version serve.") { version, pipeline, why };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            DeploymentView after = await client.PromoteAsync(
                parsed.GetValue(pipeline)!, parsed.GetValue(version)!, parsed.GetValue(why)!, cancellation);
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
