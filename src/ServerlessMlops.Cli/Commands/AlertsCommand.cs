using System.CommandLine;
using System.Globalization;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops alerts</c>: what is wrong, who was told, and what people do about it.</summary>
internal static class AlertsCommand
{
    public static Command Create(GlobalOptions options, CliContext context) => new("alerts", "Alerts: list, show, ack, resolve, silence, silences, unsilence, test.")
    {
        CreateList(options, context),
        CreateShow(options, context),
        CreateMove("ack", "acknowledge", "Say that you look after an alert: no more reminders.", "is looked after by", options, context),
        CreateMove("resolve", "resolve", "Say that an alert is over; reported again, it begins anew.", "is over, says", options, context),
        CreateSilence(options, context),
        CreateSilences(options, context),
        CreateUnsilence(options, context),
        CreateTest(options, context),
    };

    private static Command CreateList(GlobalOptions options, CliContext context)
    {
        var all = new Option<bool>("--all") { Description = "Those that are over, and those that are only good to know, too." };
        var next = new Option<string?>("--next") { Description = "Continue a listing, with what the page before named." };
        return Verb("list", "List alerts that hold, latest beginning first.", [all, next], options, context, async (client, pipeline, reporter, parsed, cancellation) =>
        {
            Page<Alert> page = await client.ListAlertsAsync(pipeline, parsed.GetValue(next), cancellation);
            Alert[] shown = [.. page.Items.Where(alert => parsed.GetValue(all) || alert is { State: not AlertState.Resolved, Severity: > AlertSeverity.Info })];
            if (reporter.IsJson)
            {
                reporter.Facts(new Page<Alert>(shown, page.Next));
                return ExitCode.Success;
            }

            if (page.Items.Count == 0 && parsed.GetValue(next) is null)
            {
                await PipelineOption.RequireKnownAsync(client, pipeline, cancellation);
            }

            if (shown.Length == 0)
            {
                reporter.Say(page.Items.Count == 0 ? $"Nothing was ever wrong with pipeline {Markup.Escape(pipeline)}." : $"Nothing is wrong with pipeline {Markup.Escape(pipeline)} now; --all lists the {page.Items.Count} newest that are over or only good to know.");
            }
            else
            {
                Show(reporter, ["Id", "Severity", "Topic", "Since"], ["What", "State", "Times", "Told", "Withheld"], shown.Select(a => (string[])[
                    a.Id, EnumNames.Word(a.Severity), EnumNames.Word(a.Topic), Format.Time(a.FirstAt),
                    $"{a.Title}: {a.Detail}", a.State == AlertState.Firing && a.Clear == 0 ? "" : StateOf(a), a.Occurrences == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"{a.Occurrences}, last {Format.Time(a.LastAt)}"),
                    string.Join(", ", a.Told.Select(t => t.Destination)), a.Withheld ?? ""]));
            }

            if (page.Next is not null)
            {
                reporter.Command($"[grey]There are more: mlops alerts list --pipeline {pipeline} --next {Markup.Escape(page.Next)}[/]");
            }

            return ExitCode.Success;
        });
    }

    private static Command CreateShow(GlobalOptions options, CliContext context)
    {
        Argument<string> id = Id("The alert.");
        return Verb("show", "Show an alert, and how it was delivered.", [id], options, context, async (client, pipeline, reporter, parsed, cancellation) =>
        {
            AlertView view = await client.GetAlertAsync(pipeline, parsed.GetValue(id)!, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(view);
                return ExitCode.Success;
            }

            reporter.Say($"[bold]{Markup.Escape(view.Alert.Title)}[/] ({Markup.Escape(StateOf(view.Alert))}, {EnumNames.Word(view.Alert.Severity)}, {EnumNames.Word(view.Alert.Topic)})");
            reporter.Say(Markup.Escape(view.Alert.Detail));
            reporter.Say($"Since {Format.Time(view.Alert.FirstAt)}, last reported {Format.Time(view.Alert.LastAt)}; evidence: {Markup.Escape(view.Alert.Evidence)}.");
            if (view.Deliveries.Count == 0)
            {
                reporter.Say($"Nobody was told of it{(view.Alert.Withheld is { } withheld ? $": {Markup.Escape(withheld)}" : $". A trial of the channels: mlops alerts test -p {pipeline}")}");
                return ExitCode.Success;
            }

            Show(reporter, ["Destination", "When", "Tries"], ["Outcome", "Notification"], view.Deliveries.Select(d => (string[])[
                d.Destination, Format.Time(d.At), d.Attempts.ToString(CultureInfo.InvariantCulture), d.Outcome, d.Notification]));
            return ExitCode.Success;
        });
    }

    private static Command CreateMove(string name, string verb, string description, string said, GlobalOptions options, CliContext context)
    {
        Argument<string> id = Id("The alert, as 'mlops alerts list' names it.");
        return Verb(name, description, [id], options, context, async (client, pipeline, reporter, parsed, cancellation) =>
        {
            Alert alert = await client.MoveAlertAsync(pipeline, parsed.GetValue(id)!, verb, cancellation);
            return Tell(reporter, alert, $"Alert {alert.Id} ({Markup.Escape(alert.Title)}) {said} {Markup.Escape(alert.AcknowledgedBy ?? "")}.");
        });
    }

    private static Command CreateSilence(GlobalOptions options, CliContext context)
    {
        var topic = new Option<AlertTopic?>("--topic") { Description = "About what, such as drift. Default: everything." };
        var subject = new Option<string?>("--subject") { Description = "Whose alerts, such as 'input speed' or 'input *'. Default: all of them." };
        var length = new Option<string>("--for") { Description = "How long, such as 2h or 3d; at most 90d.", Required = true };
        var why = new Option<string>("--why") { Description = "The reason, for the record.", Required = true };
        return Verb("silence", "For a time tell nobody of some alerts; they are recorded all the same.", [topic, subject, length, why], options, context, async (client, pipeline, reporter, parsed, cancellation) =>
        {
            Silence silence = await client.SilenceAsync(
                pipeline, new SilenceWish(parsed.GetValue(topic), parsed.GetValue(subject), null, parsed.GetValue(length), parsed.GetValue(why)), cancellation);
            return Tell(reporter, silence, $"Silence {silence.Id} lasts until {Format.Time(silence.Until)}; 'mlops alerts unsilence {silence.Id} -p {pipeline}' ends it.");
        });
    }

    private static Command CreateSilences(GlobalOptions options, CliContext context)
    {
        var all = new Option<bool>("--all") { Description = "Those that are over too." };
        return Verb("silences", "List silences.", [all], options, context, async (client, pipeline, reporter, parsed, cancellation) =>
        {
            Silence[] silences = await client.ListSilencesAsync(pipeline, parsed.GetValue(all), cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(silences);
                return ExitCode.Success;
            }

            if (silences.Length == 0)
            {
                reporter.Say($"Nothing is silenced in pipeline {Markup.Escape(pipeline)}{(parsed.GetValue(all) ? ", nor was it ever" : "")}.");
                return ExitCode.Success;
            }

            Show(reporter, ["Id", "Topic", "Until"], ["Subject", "By", "Why"], silences.Select(s => (string[])[
                s.Id, s.Topic is { } topic ? EnumNames.Word(topic) : "all", Format.Time(s.Until), s.Subject ?? "all", s.By, s.Why]));
            return ExitCode.Success;
        });
    }

    private static Command CreateUnsilence(GlobalOptions options, CliContext context)
    {
        Argument<string> id = Id("The silence.");
        return Verb("unsilence", "End a silence now.", [id], options, context, async (client, pipeline, reporter, parsed, cancellation) =>
        {
            Silence silence = await client.EndSilenceAsync(pipeline, parsed.GetValue(id)!, cancellation);
            return Tell(reporter, silence, $"Silence {silence.Id} is over; what still holds is told with its next report.");
        });
    }

    private static Command CreateTest(GlobalOptions options, CliContext context) => Verb(
        "test", "Send a trial notification by every channel; exit code 1 where one that is configured fails, or none is.", [], options, context, async (client, pipeline, reporter, _, cancellation) =>
        {
            RehearsalOutcome[] outcomes = await client.TestAlertsAsync(pipeline, cancellation);
            if (reporter.IsJson)
            {
                reporter.Facts(outcomes);
            }
            else
            {
                Show(reporter, ["Destination", "Delivered", "Tries"], ["Outcome"], outcomes.Select(o => (string[])[
                    o.Destination, o.Delivered ? "yes" : o.Configured ? "NO" : "-", o.Attempts.ToString(CultureInfo.InvariantCulture), o.Outcome]));
            }

            return outcomes.Any(o => o.Delivered) && outcomes.All(o => o.Delivered || !o.Configured) ? ExitCode.Success : ExitCode.Failed;
        });

    private static string StateOf(Alert alert) => alert switch
    {
        { State: AlertState.Acknowledged } => $"looked after by {alert.AcknowledgedBy}",
        { State: AlertState.Firing, Clear: > 0 } => $"firing, well for {alert.Clear} {(alert.Clear == 1 ? "check" : "checks")}",
        _ => EnumNames.Word(alert.State),
    };

    private static Argument<string> Id(string description) => new("id") { Description = description };

    private static Command Verb(
        string name,
        string description,
        IReadOnlyList<Symbol> symbols,
        GlobalOptions options,
        CliContext context,
        Func<ControlPlaneClient, string, Reporter, ParseResult, CancellationToken, Task<int>> run)
    {
        Option<string> pipeline = PipelineOption.Create();
        var command = new Command(name, description) { pipeline };
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)symbol);
            }
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            return await run(client, parsed.GetValue(pipeline)!, new Reporter(context, parsed.GetValue(options.Json)), parsed, cancellation);
        });
        return command;
    }

    private static int Tell<T>(Reporter reporter, T facts, string markup)
    {
        if (reporter.IsJson)
        {
            reporter.Facts(facts);
        }

        reporter.Say(markup);
        return ExitCode.Success;
    }

    private static void Show(Reporter reporter, string[] fields, string[] texts, IEnumerable<string[]> rows)
    {
        var listing = new Listing(fields, texts);
        foreach (string[] row in rows)
        {
            listing.Add([.. row.Select(Markup.Escape)]);
        }

        reporter.Console.Write(listing);
    }
}
