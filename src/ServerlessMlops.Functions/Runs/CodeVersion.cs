using System.Reflection;

namespace ServerlessMlops.Functions.Runs;

/// <summary>Which build of the product runs.</summary>
public static class CodeVersion
{
    /// <summary>The version of the app's assembly, with the revision it was built from where the build knew it: <c>1.0.0+3f2a9c...</c>.</summary>
    public static string Current { get; } =
        typeof(CodeVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? typeof(CodeVersion).Assembly.GetName().Version?.ToString()
        ?? "unknown";
}
