using System.Text.Json.Nodes;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Offline.Tests.Packages;

/// <summary>What is published, and in which mode: read from MSBuild itself, which evaluates the project without having its packages.</summary>
public sealed class PublishTests
{
    private const string App = "src/ServerlessMlops.Functions/ServerlessMlops.Functions.csproj";

    private const string Learners = "src/ServerlessMlops.Learners/ServerlessMlops.Learners.csproj";

    [Fact]
    public async Task Publish_WithDoubles_IsRefusedBeforeAnythingIsBuilt()
    {
        MSBuildRun publish = await MSBuildRun.Of("publish", App, "-p:AzurePackages=offline");

        publish.ExitCode.ShouldNotBe(0);
        publish.Output.ShouldContain("error MLOPS002: Publishing needs the published Azure packages");
        publish.Output.ShouldContain("dotnet publish -p:AzurePackages=nuget");
        publish.Output.ShouldNotContain(" -> ", Case.Sensitive, "nothing was built on the way to the refusal");
    }

    [Fact]
    public async Task Publish_ByItsTarget_IsRefusedToo()
    {
        MSBuildRun publish = await MSBuildRun.Of("msbuild", App, "-t:PrepareForPublish", "-p:AzurePackages=offline");

        publish.ExitCode.ShouldNotBe(0);
        publish.Output.ShouldContain("error MLOPS002");
    }

    [Fact]
    public async Task AnyOtherMode_IsRefused()
    {
        MSBuildRun check = await MSBuildRun.Of("msbuild", App, "-t:CheckAzurePackagesMode", "-p:AzurePackages=online");

        check.ExitCode.ShouldNotBe(0);
        check.Output.ShouldContain("error MLOPS001: AzurePackages is 'online'; expected 'offline'");
    }

    [Fact]
    public async Task Published_IsAFunctionAppThatRunsByTheWorkerSdk()
    {
        JsonNode app = await MSBuildRun.Evaluate(App, "nuget");

        ((string?)app["Properties"]!["OutputType"]).ShouldBe("Exe");
        ((string?)app["Properties"]!["AzureFunctionsVersion"]).ShouldBe("v4");
        string[] needed =
        [
            "Microsoft.Azure.Functions.Worker", "Microsoft.Azure.Functions.Worker.Sdk", "Microsoft.Azure.Functions.Worker.Extensions.Http.AspNetCore",
            "Microsoft.Azure.Functions.Worker.Extensions.Timer", "Microsoft.Azure.Functions.Worker.Extensions.Storage.Blobs",
            "Microsoft.Azure.Functions.Worker.Extensions.DurableTask", "Microsoft.Azure.Functions.Worker.OpenTelemetry", "Azure.Data.Tables", "Azure.Storage.Blobs",
        ];
        needed.Except(Names(app, "PackageReference")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Published_Files_AreHostJsonAndNeverLocalSettings()
    {
        // The sample stands in for settings with keys in them.
        string[] arguments = ["msbuild", App, "-p:AzurePackages=nuget", "-p:LocalSettingsFile=../../local.settings.sample.json"];
        MSBuildRun run = await MSBuildRun.Of([.. arguments, "-t:GetCopyToPublishDirectoryItems", "-getTargetResult:GetCopyToPublishDirectoryItems"]);
        run.ExitCode.ShouldBe(0, run.Output);
        string[] published = [.. run.Json["TargetResults"]!["GetCopyToPublishDirectoryItems"]!["Items"]!.AsArray().Select(item => (string)item!["TargetPath"]!)];
        published.ShouldContain("host.json");
        published.ShouldNotContain("local.settings.json");

        JsonArray none = (await MSBuildRun.Evaluate(App, "nuget", arguments[^1]))["Items"]!["None"]!.AsArray();
        JsonNode settings = none.Single(item => (string?)item!["Link"] == "local.settings.json")!;
        ((string?)settings["CopyToOutputDirectory"]).ShouldBe("PreserveNewest", "Core Tools read it beside the app");
        ((string?)settings["CopyToPublishDirectory"]).ShouldBe("Never");
    }

    [Fact]
    public async Task Published_Projects_AreNoDoubles()
    {
        (await Closure("nuget")).ShouldAllBe(project => !project.Contains("/Offline/"));
        (await Closure("offline")).ShouldContain(project => project.Contains("/Offline/"), "the walk sees doubles where they are");
    }

    [Theory]
    [InlineData("src/Offline/Microsoft.DurableTask/Microsoft.DurableTask.csproj")]
    [InlineData("tests/ServerlessMlops.Functions.Tests/ServerlessMlops.Functions.Tests.csproj")]
    public async Task Doubles_AndWhatReachesIntoThem_AreEmptyWhereThePackagesAre(string project)
    {
        JsonNode nuget = await MSBuildRun.Evaluate(project, "nuget");

        Names(nuget, "Compile").ShouldBeEmpty();
        Names(nuget, "ProjectReference").ShouldBeEmpty();
        Names(await MSBuildRun.Evaluate(project, "offline"), "Compile").ShouldNotBeEmpty();
    }

    [Fact]
    public async Task MlNet_IsPartOfTheModeThatHasIt()
    {
        string[] Trainers(JsonNode project) => [.. Names(project, "Compile").Where(file => file.Contains("MlNet")).Select(file => Path.GetFileName(file)!)];
        JsonNode offline = await MSBuildRun.Evaluate(Learners, "offline"), nuget = await MSBuildRun.Evaluate(Learners, "nuget"), native = await MSBuildRun.Evaluate(Learners, "nuget", "-p:LightGbm=true");

        Trainers(offline).ShouldBe(["MlNetTrainers.cs"]);
        Names(offline, "PackageReference").ShouldNotContain("Microsoft.ML");
        Trainers(nuget).ShouldContain("FastTreeTrainer.cs");
        Trainers(nuget).ShouldNotContain("LightGbmTrainer.cs");
        Names(nuget, "PackageReference").ShouldContain("Microsoft.ML.FastTree");
        Names(nuget, "PackageReference").ShouldNotContain("Microsoft.ML.LightGbm");
        Trainers(native).ShouldContain("LightGbmTrainer.cs");
        Names(native, "PackageReference").ShouldContain("Microsoft.ML.LightGbm");
    }

    [Fact]
    public async Task SchedulerProvider_IsPartOfWhatIsPublishedWhereItIsAskedFor()
    {
        const string Provider = "Microsoft.Azure.Functions.Worker.Extensions.DurableTask.AzureManaged";
        const string Asked = "-p:DurableTaskScheduler=true";

        Names(await MSBuildRun.Evaluate(App, "nuget", Asked), "PackageReference").ShouldContain(Provider);
        Names(await MSBuildRun.Evaluate(App, "nuget"), "PackageReference").ShouldNotContain(Provider);
        Names(await MSBuildRun.Evaluate(App, "offline", Asked), "PackageReference").ShouldNotContain(Provider, "the local engine is the storage account's");
    }

    [Fact]
    public async Task Restore_FromAFeedThatLacksThePackages_SaysWhichAndThatOfflineExists()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mlops-restore-");
        try
        {
            string feed = folder.CreateSubdirectory("feed").FullName;
            MSBuildRun restore = await MSBuildRun.Of(
                "restore", Learners, "-p:AzurePackages=nuget", $"-p:RestoreSources={feed}", $"-p:RestorePackagesPath={folder.FullName}/packages", $"-p:MSBuildProjectExtensionsPath={folder.FullName}/obj/");

            restore.ExitCode.ShouldNotBe(0);
            string said = restore.Output.Split('\n').Single(line => line.Contains("MLOPS003"));
            said.ShouldContain("Microsoft.ML, Microsoft.ML.FastTree");
            said.ShouldContain("build and run without them by leaving AzurePackages at its default, offline");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string[] Names(JsonNode project, string items) => [.. project["Items"]![items]!.AsArray().Select(item => (string)item!["Identity"]!)];

    private static async Task<HashSet<string>> Closure(string mode)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var next = new Queue<string>([Path.Combine(RepositoryRoot.Find(), App)]);
        while (next.TryDequeue(out string? project))
        {
            if (seen.Add(project))
            {
                foreach (JsonNode? reference in (await MSBuildRun.Evaluate(project, mode))["Items"]!["ProjectReference"]!.AsArray())
                {
                    next.Enqueue(Path.GetFullPath((string)reference!["FullPath"]!).Replace('\\', '/'));
                }
            }
        }

        return seen;
    }
}
