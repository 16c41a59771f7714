using System.ComponentModel;

namespace ServerlessMlops.Cli.Local;

/// <summary>A program that is run to its end: <c>node --version</c>, <c>npm ci</c>, <c>dotnet build</c>.</summary>
internal static class Tool
{
    /// <summary>Runs it; its output goes to a log file.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="workingDirectory">Where it runs.</param>
    /// <param name="variables">Environment variables to set.</param>
    /// <param name="logFile">Where its output goes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Its exit code and last lines; null where there is no such program.</returns>
    public static async Task<(int ExitCode, IReadOnlyList<string> LastLines)?> RunAsync(
        IReadOnlyList<string> command,
        string workingDirectory,
        IReadOnlyDictionary<string, string> variables,
        string logFile,
        TimeProvider time,
        CancellationToken cancellation)
    {
        if (Find(command[0]) is not { } program)
        {
            return null;
        }

        ChildProcess child;
        try
        {
            child = ChildProcess.Start([program, .. command.Skip(1)], workingDirectory, variables, logFile, TimeSpan.FromSeconds(5), time);
        }
        catch (Win32Exception)
        {
            return null;
        }

        await using (child)
        {
            int exitCode = await child.Exit.WaitAsync(cancellation);
            return (exitCode, await child.SettledLinesAsync());
        }
    }

    /// <summary>
    /// The last lines that a program printed, for an error; a word where it printed none. The frames of a stack trace stay in the log: what
    /// went wrong stands above them.
    /// </summary>
    public static string Tail(IReadOnlyList<string>? lines, int count)
    {
        string[] telling = [.. (lines ?? []).Where(line => line.Trim() is { Length: > 0 } text && !text.StartsWith("at ", StringComparison.Ordinal) && !text.StartsWith("--- ", StringComparison.Ordinal))];
        return telling.Length > 0 ? string.Join("\n  ", telling.TakeLast(count)) : "(it printed nothing)";
    }

    /// <summary>The file of a program on the PATH; null where there is none.</summary>
    public static string? Find(string name)
    {
        if (Path.IsPathRooted(name))
        {
            return File.Exists(name) ? name : null;
        }

        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat", ""] : [""];
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => endings.Select(ending => Path.Combine(folder, name + ending)))
            .FirstOrDefault(File.Exists);
    }
}
