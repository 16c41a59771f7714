using ServerlessMlops.Cli.Commands;

namespace ServerlessMlops.Cli.Tests;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record CliOutcome(int ExitCode, string Output, string Error);

/// <summary>Runs command lines in this process, without a terminal and without the environment of whoever runs the tests.</summary>
internal static class CliRunner
{
    public static Task<CliOutcome> RunAsync(params string[] arguments) => RunAsync(CancellationToken.None, arguments);

    public static async Task<CliOutcome> RunAsync(CancellationToken cancellation, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var context = new CliContext
        {
            Output = output,
            Error = error,
            IsInteractive = false,
            WorkingDirectory = Path.GetTempPath(),
            Variable = name => name == "USER" ? "ada" : null,
        };
        int exitCode = await MlopsCommandLine.RunAsync(arguments, context, cancellation);
        return new CliOutcome(exitCode, output.ToString(), error.ToString());
    }
}
