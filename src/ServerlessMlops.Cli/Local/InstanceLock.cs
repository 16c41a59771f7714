namespace ServerlessMlops.Cli.Local;

/// <summary>
/// One <c>mlops up</c> or <c>mlops demo</c> per state folder: the lock file is held open for as long as it runs. The system lets go of it when
/// the process ends, however it ends, so there is never a stale lock to remove by hand.
/// </summary>
internal sealed class InstanceLock : IDisposable
{
    private readonly FileStream _file;

    private InstanceLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="CliException">Another instance holds it, or the folder cannot be written.</exception>
    public static InstanceLock Take(LocalFolders folders)
    {
        try
        {
            Directory.CreateDirectory(folders.State);
            return new InstanceLock(new FileStream(folders.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException problem)
        {
            throw CliException.Environment($"'{folders.State}' cannot be written: {problem.Message} Name another folder with --state.", problem);
        }
        catch (IOException problem) when (File.Exists(folders.LockFile))
        {
            RunningInstance? other = RunningInstance.TryRead(folders.RunningFile);
            string who = other is null ? "" : $" (process {other.Owner.Id}{(other.Url is null ? ", starting" : $", app at {other.Url}")})";
            throw CliException.Environment(
                $"Another 'mlops up' or 'mlops demo' runs in '{folders.State}'{who}. Use that one, end it with Ctrl-C, or give this one a folder of its own with --state.",
                problem);
        }
    }

    public void Dispose() => _file.Dispose();
}
