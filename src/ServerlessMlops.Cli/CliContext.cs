using System.Text;
using Spectre.Console;

namespace ServerlessMlops.Cli;

/// <summary>What a command sees of the process it runs in; tests give their own.</summary>
internal sealed record CliContext
{
    /// <summary>Where results go.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Where errors go, and progress when results are JSON.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether a person watches: progress may be drawn over itself.</summary>
    public required bool IsInteractive { get; init; }

    /// <summary>The folder that relative paths start from.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Reads an environment variable.</summary>
    public required Func<string, string?> Variable { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public static CliContext OfProcess() => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        IsInteractive = !Console.IsOutputRedirected && !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("CI") is null or "",
        WorkingDirectory = Environment.CurrentDirectory,
        Variable = Environment.GetEnvironmentVariable,
    };

    /// <summary>A Spectre console on one of the writers. Redirected output is plain text of a fixed width, so that logs read the same everywhere.</summary>
    public IAnsiConsole CreateConsole(TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new PlainOutput(writer, IsInteractive),
            Ansi = IsInteractive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = IsInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = IsInteractive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        return console;
    }

    private sealed class PlainOutput(TextWriter writer, bool interactive) : IAnsiConsoleOutput
    {
        private const int RedirectedWidth = 160;

        public TextWriter Writer => writer;

        public bool IsTerminal => interactive;

        public int Width => interactive && Console.WindowWidth > 0 ? Console.WindowWidth : RedirectedWidth;

        public int Height => interactive && Console.WindowHeight > 0 ? Console.WindowHeight : 40;

        public void SetEncoding(Encoding encoding)
        {
            if (interactive)
            {
                Console.OutputEncoding = encoding;
            }
        }
    }
}
