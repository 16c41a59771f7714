using ServerlessMlops.TestSupport;

namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>The built programs, in the configuration that the tests were built in.</summary>
internal static class Programs
{
    /// <summary>For example <c>Debug</c>: the folder above the target framework in the tests' own output path.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    public static string Functions { get; } = Built("ServerlessMlops.Functions", "ServerlessMlops.Functions.dll");

    public static string Cli { get; } = Built("ServerlessMlops.Cli", "mlops.dll");

    public static string Sample(params string[] path) => Path.Combine([RepositoryRoot.Find(), "samples", "birdstrikes", .. path]);

    private static string Built(string project, string file) =>
        Path.Combine(RepositoryRoot.Find(), "src", project, "bin", Configuration, "net10.0", file);
}
