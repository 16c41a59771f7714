namespace ServerlessMlops.Cli;

/// <summary>What a command's exit code says. Part of the command line's contract: scripts rely on it.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The app said no, or a run ended otherwise than meant.</summary>
    public const int Failed = 1;

    /// <summary>The command line was wrong.</summary>
    public const int Usage = 2;

    /// <summary>Something outside is missing or in the way: a port, Node.js, the storage, the app.</summary>
    public const int Environment = 3;

    /// <summary>Ended by Ctrl-C or SIGTERM before it was done.</summary>
    public const int Cancelled = 130;
}

/// <summary>
/// A command cannot go on. The message is for the person at the terminal: what was found, where, what was expected, the fix.
/// </summary>
internal sealed class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>See <see cref="ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;

    public static CliException Failed(string message, Exception? inner = null) => new(Cli.ExitCode.Failed, message, inner);

    public static CliException Usage(string message) => new(Cli.ExitCode.Usage, message);

    public static CliException Environment(string message, Exception? inner = null) => new(Cli.ExitCode.Environment, message, inner);
}
