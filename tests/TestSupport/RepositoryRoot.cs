namespace ServerlessMlops.TestSupport;

/// <summary>The folder of <c>ServerlessMlops.sln</c>, seen from wherever the test assembly was built to.</summary>
public static class RepositoryRoot
{
    /// <exception cref="DirectoryNotFoundException">The assembly does not lie below a folder with <c>ServerlessMlops.sln</c>.</exception>
    public static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ServerlessMlops.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException(
            $"No folder above {AppContext.BaseDirectory} holds ServerlessMlops.sln. Run the tests from a build inside the repository.");
    }
}
