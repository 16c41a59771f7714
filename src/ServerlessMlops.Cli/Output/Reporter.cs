using System.Text.Json;
using ServerlessMlops.Core;
using Spectre.Console;

namespace ServerlessMlops.Cli.Output;

/// <summary>
/// What a command shows: results on standard output, as tables and sentences or as one JSON document; progress of its steps between them, drawn
/// over itself where a person watches, line by line in a log, and not at all beside JSON.
/// </summary>
internal sealed class Reporter
{
    private readonly CliContext _context;

    public Reporter(CliContext context, bool json)
    {
        _context = context;
        IsJson = json;
        Console = context.CreateConsole(context.Output);
    }

    /// <summary>Whether results are to be JSON.</summary>
    public bool IsJson { get; }

    /// <summary>Where tables and sentences go.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Prints the command's facts as JSON.</summary>
    public void Facts<T>(T facts) => _context.Output.WriteLine(JsonSerializer.Serialize(facts, MlopsJson.Indented));

    /// <summary>Prints a sentence in Spectre markup, unless results are JSON. It is broken between words where a person watches, and one line in a pipe or a log.</summary>
    public void Say(string markup = "")
    {
        if (_context.IsInteractive)
        {
            if (!IsJson)
            {
                Console.MarkupLine(markup);
            }
        }
        else
        {
            Command(markup);
        }
    }

    /// <summary>Prints a line that somebody may copy, such as a command: whole, whatever the width.</summary>
    public void Command(string markup)
    {
        if (IsJson)
        {
            return;
        }

        int width = Console.Profile.Width;
        Console.Profile.Width = int.MaxValue;
        Console.MarkupLine(markup);
        Console.Profile.Width = width;
    }

    /// <summary>Runs one step and shows how it goes: its name, what it is doing, and how it ended.</summary>
    /// <param name="name">What the step does, in a few words.</param>
    /// <param name="work">The step; may tell its stages and returns its result with a word on it.</param>
    public async Task<T> StepAsync<T>(string name, Func<IStepProgress, Task<(T Result, string Summary)>> work)
    {
        long started = _context.Time.GetTimestamp();
        (T Result, string Summary) outcome;
        if (IsJson)
        {
            outcome = await work(new SilentProgress());
        }
        else if (_context.IsInteractive)
        {
            outcome = await Console.Status()
                .Spinner(Spinner.Known.Dots)
                .StartAsync(Heading(name, ""), context => work(new StatusProgress(context, name)));
        }
        else
        {
            outcome = await work(new LineProgress(Console, name));
        }

        TimeSpan took = _context.Time.GetElapsedTime(started);
        Say($"[green]{(_context.IsInteractive ? "✓" : "ok")}[/] {Markup.Escape(name),-26} {Markup.Escape(outcome.Summary)} [grey]({Format.Duration(took)})[/]");
        return outcome.Result;
    }

    /// <summary>A step without a result.</summary>
    public Task StepAsync(string name, Func<IStepProgress, Task<string>> work) =>
        StepAsync(name, async progress => (true, await work(progress)));

    private static string Heading(string name, string stage) =>
        stage.Length == 0 ? $"{Markup.Escape(name)} ..." : $"{Markup.Escape(name)}: {Markup.Escape(stage)} ...";

    private sealed class SilentProgress : IStepProgress
    {
        public void Stage(string stage)
        {
        }

        public void Amount(string amount)
        {
        }
    }

    private sealed class StatusProgress(StatusContext status, string name) : IStepProgress
    {
        public void Stage(string stage) => status.Status = Heading(name, stage);

        public void Amount(string amount) => status.Status = Heading(name, amount);
    }

    private sealed class LineProgress(IAnsiConsole console, string name) : IStepProgress
    {
        private string _last = "";

        public void Stage(string stage)
        {
            if (stage != _last)
            {
                _last = stage;
                console.MarkupLine($".. {Markup.Escape(name)}: {Markup.Escape(stage)}");
            }
        }

        public void Amount(string amount)
        {
        }
    }
}

/// <summary>How a step tells where it is.</summary>
internal interface IStepProgress
{
    /// <summary>What it does now; kept in logs.</summary>
    void Stage(string stage);

    /// <summary>How far it is; shown only to a person who watches, since it changes many times a second.</summary>
    void Amount(string amount);
}
