using System.CommandLine;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops approve [VERSION] --pipeline P --why W</c>: lets a version go live that waits for a person, or declines it.</summary>
internal static class ApproveCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        var version = new Argument<int?>("version") { Description = "The version. Default: the one that waits.", Arity = ArgumentArity.ZeroOrOne };
        Option<string> pipeline = PipelineOption.Create();
        var decline = new Option<bool>("--decline") { Description = "Say no." };
        var why = new Option<string>("--why") { Description = "The reason, for the ledger.", Required = true };
        var command = new Command("approve", "Say whether a model version that waits for approval may go live.") { version, pipeline, decline, why };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            string p = parsed.GetValue(pipeline)!;
            string id = parsed.GetValue(version) is { } number
                ? $"approval-{p}-{number}"
                : (await client.ListRunsAsync(p, null, cancellation)).Items.FirstOrDefault(run => run is { Kind: RunKind.Approval, Status: RunStatus.Waiting })?.Id
                    ?? throw CliException.Failed($"No version of pipeline '{p}' waits for approval.");
            ModelVersion after = await client.DecideAsync(p, id, parsed.GetValue(decline) ? "decline" : "approve", parsed.GetValue(why)!, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(after);
            }

            reporter.Say(parsed.GetValue(decline)
                ? $"Version {after.Version} of '{Markup.Escape(p)}' is declined by {Markup.Escape(after.Approval?.DecidedBy ?? "you")} and does not go live."
                : $"Version {after.Version} of '{Markup.Escape(p)}' is approved by {Markup.Escape(after.Approval?.DecidedBy ?? "you")}; its rollout starts. 'mlops watch -p {Markup.Escape(p)}' follows it.");
            return ExitCode.Success;
        });
        return command;
    }
}
