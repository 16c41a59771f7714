using System.Reflection;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Offline.Tests.Surface;

/// <summary>
/// A double may show nothing that the published package lacks. Built with <c>-p:AzurePackages=nuget</c>, the same lists are held against the
/// published packages themselves.
/// </summary>
public sealed class SurfaceTests
{
    private const string FileName = "surface.txt";

    /// <summary>A double's checklist, and which of the published assemblies its members are spread over.</summary>
    public static TheoryData<string> Doubles =>
        [.. Directory.GetDirectories(OfflineRoot).Where(folder => File.Exists(Path.Combine(folder, FileName))).Select(folder => Path.GetFileName(folder)!)];

    private static string OfflineRoot => Path.Combine(RepositoryRoot.Find(), "src", "Offline");

    private static bool IsOffline =>
        typeof(SurfaceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "AzurePackages").Value == "offline";

    /// <summary>A project of src/Offline without a checklist would be held to nothing.</summary>
    [Fact]
    public void EveryDouble_HasAChecklist()
    {
        string[] projects = [.. Directory.GetFiles(OfflineRoot, "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal)];

        projects.Length.ShouldBeGreaterThanOrEqualTo(5);
        projects.Where(folder => !File.Exists(Path.Combine(folder, FileName))).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Doubles))]
    public void EveryPublicMember_OfADouble_IsOnItsChecklist(string name)
    {
        if (!IsOffline)
        {
            // The published package shows more than the list, by right.
            return;
        }

        var file = Path.Combine(OfflineRoot, name, FileName);
        var missing = SurfaceChecklist.Read(file).MissingFrom(PublicSurface.Of([Assembly.Load(name)]));

        missing.ShouldBeEmpty(
            $"These public members of the double {name} are not on {file}. Look each up in the published package's source: make it internal if it is " +
            $"not there, else add the line as it is shown here, below '== path' of the source file.\n{missing}");
    }

    [Theory]
    [MemberData(nameof(Doubles))]
    public void EveryMember_OnAChecklist_Exists(string name)
    {
        var file = Path.Combine(OfflineRoot, name, FileName);
        var gone = SurfaceChecklist.Read(file).NotIn(PublicSurface.Of(IsOffline ? [Assembly.Load(name)] : Published(name)));

        gone.ShouldBeEmpty(
            $"{file} lists members that {(IsOffline ? "the double does not have; remove the lines" : "the published packages do not have; correct the double")}.\n{gone}");
    }

    /// <summary>The assemblies of a family of packages that were built beside the tests. Durable Task's own exceptions stand in the assembly of its first generation.</summary>
    private static IEnumerable<Assembly> Published(string name) => Directory
        .GetFiles(AppContext.BaseDirectory, "*.dll")
        .Select(Path.GetFileNameWithoutExtension)
        .Where(file => file == name || file!.StartsWith(name + ".", StringComparison.Ordinal) || (name == "Microsoft.DurableTask" && file == "DurableTask.Core"))
        .Select(file => Assembly.Load(file!));
}
