namespace ServerlessMlops.Cli;

/// <summary>Files that a person names on the command line, relative to the working folder.</summary>
internal static class NamedFile
{
    /// <summary>The full path of a file that is to be read.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public static string Existing(CliContext context, string name)
    {
        string path = Path.GetFullPath(name, context.WorkingDirectory);
        Require(path);
        return path;
    }

    /// <summary>Ends the command where a file is not there.</summary>
    /// <exception cref="CliException">It is not there.</exception>
    public static void Require(string path)
    {
        if (File.Exists(path))
        {
            return;
        }

        if (Directory.Exists(path))
        {
            throw CliException.Usage($"'{path}' is a folder; expected a file. Name one in it.");
        }

        string? folder = Path.GetDirectoryName(path);
        throw CliException.Usage(Directory.Exists(folder) ? $"There is no file '{path}'." : $"There is no file '{path}', nor its folder.");
    }

    /// <summary>The full path of a file that is to be written.</summary>
    /// <param name="context">The command's surroundings.</param>
    /// <param name="name">What was named.</param>
    /// <param name="option">The option that named it.</param>
    /// <exception cref="CliException">There is no such folder.</exception>
    public static string Writable(CliContext context, string name, string option)
    {
        string path = Path.GetFullPath(name, context.WorkingDirectory);
        return Directory.Exists(path) ? throw CliException.Usage($"{option} is '{path}', a folder; expected the path of a file.")
            : Directory.Exists(Path.GetDirectoryName(path)) ? path
            : throw CliException.Usage($"{option} is '{path}', but there is no folder '{Path.GetDirectoryName(path)}'. Make it first.");
    }
}
