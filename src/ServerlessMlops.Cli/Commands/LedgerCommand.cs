using System.CommandLine;
using System.Globalization;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops ledger --pipeline P</c>: who did what to the registry; <c>mlops ledger verify</c>: whether anybody has tampered with that.</summary>
internal static class LedgerCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        Option<string> pipeline = PipelineOption.Create();
        var next = new Option<string?>("--next") { Description = "Continue a listing, with what the page before named." };
        var command = new Command("ledger", "List who moved the registry, why, on what evidence; newest first.") { pipeline, next };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            Page<LedgerEntry> page = await client.ListLedgerAsync(parsed.GetValue(pipeline)!, parsed.GetValue(next), cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(page);
                return ExitCode.Success;
            }

            reporter.Console.Write(Lines(page.Items));
            if (page.Next is not null)
            {
                reporter.Command($"[grey]There are more: mlops ledger --pipeline {parsed.GetValue(pipeline)} --next {Markup.Escape(page.Next)}[/]");
            }

            return ExitCode.Success;
        });
        command.Subcommands.Add(CreateVerify(options, context));
        return command;
    }

    private static Command CreateVerify(GlobalOptions options, CliContext context)
    {
        Option<string> pipeline = PipelineOption.Create();
        var command = new Command("verify", "Recompute the ledger's chain and hold it against its daily anchors; exit code 1 where something is wrong.") { pipeline };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            LedgerVerification found = await client.VerifyLedgerAsync(parsed.GetValue(pipeline)!, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(found);
            }

            reporter.Say(found.Valid
                ? $"[green]The ledger is whole[/]: {found.Lines} line(s) and {found.Anchors} anchor(s) agree; its head is {Format.Id(found.HeadHash)}."
                : $"[red]The ledger was tampered with[/]: {found.Faults.Count} fault(s).");
            foreach (LedgerFault fault in found.Faults)
            {
                reporter.Say($"  - {Markup.Escape(fault.Detail)}");
            }

            return found.Valid ? ExitCode.Success : ExitCode.Failed;
        });
        return command;
    }

    private static Listing Lines(IEnumerable<LedgerEntry> entries)
    {
        var listing = new Listing(["Line", "When", "What", "Version"], ["Who", "Why", "Evidence"]);
        foreach (LedgerEntry entry in entries)
        {
            listing.Add(
                entry.Number.ToString(CultureInfo.InvariantCulture),
                Format.Time(entry.At),
                Markup.Escape(entry.Alias is null ? EnumNames.Word(entry.Action) : $"{EnumNames.Word(entry.Action)} {entry.Alias}"),
                entry.Version?.ToString(CultureInfo.InvariantCulture) ?? "",
                Markup.Escape(entry.Actor),
                Markup.Escape(entry.Why),
                Markup.Escape(entry.Evidence));
        }

        return listing;
    }
}
