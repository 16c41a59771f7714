using System.Diagnostics;
using System.Text.RegularExpressions;
using ServerlessMlops.TestSupport;
using YamlDotNet.RepresentationModel;

namespace ServerlessMlops.Functions.Tests.Hosting.Infrastructure;

/// <summary>GitHub's workflows: well-formed, pinned, with no more rights than each job needs, and their shell scripts parse.</summary>
public sealed partial class WorkflowTests
{
    private static readonly string Root = RepositoryRoot.Find();

    private static readonly string Folder = Path.Combine(Root, ".github", "workflows");

    public static TheoryData<string> Workflows => [.. Directory.EnumerateFiles(Folder, "*.yml").Select(path => Path.GetRelativePath(Folder, path)).Order()];

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Jobs_AreCompleteAndFormAnOrder(string file)
    {
        YamlMappingNode workflow = Read(file);
        workflow.Children.Keys.Select(Text).ShouldBeSubsetOf(["name", "on", "permissions", "concurrency", "env", "jobs"]);
        string[] before = [];
        foreach ((string name, YamlMappingNode job) in Jobs(workflow))
        {
            (job.Children.ContainsKey("uses") ^ (job.Children.ContainsKey("runs-on") && job.Children.ContainsKey("steps"))).ShouldBeTrue($"{file}: {name}");
            job.Children.ContainsKey("runs-on").ShouldBe(job.Children.ContainsKey("timeout-minutes"), $"{file}: {name} has no time limit");
            if (job.Children.TryGetValue("needs", out YamlNode? needs))
            {
                ((YamlSequenceNode)needs).Select(Text).ShouldBeSubsetOf(before, $"{file}: {name}");
            }

            before = [.. before, name];
            foreach (YamlMappingNode step in Steps(job))
            {
                (step.Children.ContainsKey("uses") ^ step.Children.ContainsKey("run")).ShouldBeTrue($"{file}: {name}: {step}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Actions_ArePinnedToACommitOrAreOurs(string file)
    {
        YamlMappingNode workflow = Read(file);
        string[] used = [.. Jobs(workflow).SelectMany(job => Steps(job.Job).Append(job.Job)).Select(node => node.Children.TryGetValue("uses", out YamlNode? uses) ? Text(uses) : null).OfType<string>()];

        used.ShouldNotBeEmpty();
        foreach (string action in used)
        {
            if (action.StartsWith("./", StringComparison.Ordinal))
            {
                File.Exists(Path.Combine(Root, action)).ShouldBeTrue(action);
            }
            else
            {
                PinnedAction().IsMatch(action).ShouldBeTrue($"{file}: {action}: a tag can be moved to other code, a commit cannot");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Rights_AreReadingUnlessAJobSignsIn(string file)
    {
        YamlMappingNode workflow = Read(file);
        workflow["permissions"].ToString().ShouldBe("{ { contents, read } }");
        foreach ((string name, YamlMappingNode job) in Jobs(workflow))
        {
            bool signsIn = job.Children.ContainsKey("uses") || Steps(job).Any(step => step.Children.TryGetValue("uses", out YamlNode? uses) && Text(uses).StartsWith("azure/login@", StringComparison.Ordinal));
            job.Children.ContainsKey("permissions").ShouldBe(signsIn, $"{file}: {name}");
            if (signsIn)
            {
                job["permissions"].ToString().ShouldBe("{ { contents, read }, { id-token, write } }", $"{file}: {name}");
            }

            if (signsIn && !job.Children.ContainsKey("uses"))
            {
                job.Children.ContainsKey("environment").ShouldBeTrue($"{file}: {name}: who may sign in is bound to an environment, and so is the approval");
            }
        }

        File.ReadAllText(Path.Combine(Folder, file)).ShouldNotContain("secrets.", Case.Sensitive, "sign-in is by OIDC: there is no secret to store");
        File.ReadAllText(Path.Combine(Folder, file)).ShouldNotContain("pull_request_target");
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Scripts_ParseTakeNoExpressionsAndCallWhatExists(string file)
    {
        foreach (string script in Scripts(Read(file)))
        {
            // An expression in a script is text that somebody outside may have written, run as code: values come by environment variables.
            script.ShouldNotContain("${{");
            Bash(script).ShouldBe((0, ""), script);
            foreach (Match called in OwnScript().Matches(script).Where(match => !match.Value.EndsWith("packages.lock.json", StringComparison.Ordinal)))
            {
                string path = Path.Combine(Root, called.Value);
                (Path.Exists(path) || Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path)).Any()).ShouldBeTrue($"{file}: {called.Value}");
            }
        }
    }

    [Theory]
    [InlineData(".github/scripts/check-specs.sh")]
    [InlineData(".github/scripts/deploy-specs.sh")]
    [InlineData("infra/event-subscriptions.sh")]
    [InlineData("infra/upload-sample.sh")]
    public void ShellScripts_ParseAndMayBeRun(string path)
    {
        Bash(File.ReadAllText(Path.Combine(Root, path))).ShouldBe((0, ""));
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(Path.Combine(Root, path)).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue();
        }
    }

    [Fact]
    public void Deployment_BuildsOnceAndPromotesTheSamePackage()
    {
        Dictionary<string, YamlMappingNode> jobs = Jobs(Read("deploy.yml")).ToDictionary(job => job.Name, job => job.Job);
        string[] scripts = [.. Scripts(Read("deploy.yml"))];

        ((YamlSequenceNode)jobs["dev"]["needs"]).Select(Text).ShouldBe(["test", "package", "what-if"]);
        ((YamlSequenceNode)jobs["prod"]["needs"]).Select(Text).ShouldBe(["dev"]);
        Text(jobs["dev"]["uses"]).ShouldBe(Text(jobs["prod"]["uses"]));
        Text(jobs["package"]["env"]["AzurePackages"]).ShouldBe("nuget");
        scripts.Count(script => script.Contains("dotnet publish", StringComparison.Ordinal)).ShouldBe(1);
        Scripts(Read("stage.yml")).ShouldNotContain(script => script.Contains("dotnet", StringComparison.Ordinal));
        foreach (string wanted in (string[])[".ci/run", "--vulnerable", "sbom.mjs", "az bicep build ", "what-if"])
        {
            scripts.ShouldContain(script => script.Contains(wanted, StringComparison.Ordinal), wanted);
        }
    }

    private static YamlMappingNode Read(string file)
    {
        using StreamReader reader = File.OpenText(Path.Combine(Folder, file));
        var stream = new YamlStream();
        stream.Load(reader);
        return (YamlMappingNode)stream.Documents.ShouldHaveSingleItem().RootNode;
    }

    private static IEnumerable<(string Name, YamlMappingNode Job)> Jobs(YamlMappingNode workflow) =>
        ((YamlMappingNode)workflow["jobs"]).Children.Select(pair => (Text(pair.Key), (YamlMappingNode)pair.Value));

    private static IEnumerable<YamlMappingNode> Steps(YamlMappingNode job) =>
        job.Children.TryGetValue("steps", out YamlNode? steps) ? ((YamlSequenceNode)steps).Cast<YamlMappingNode>() : [];

    private static IEnumerable<string> Scripts(YamlMappingNode workflow) =>
        Jobs(workflow).SelectMany(job => Steps(job.Job)).Where(step => step.Children.ContainsKey("run")).Select(step => Text(step["run"]));

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static (int ExitCode, string Error) Bash(string script)
    {
        using Process bash = Process.Start(
            new ProcessStartInfo("bash", ["-n"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        bash.StandardInput.Write(script);
        bash.StandardInput.Close();
        string error = bash.StandardError.ReadToEnd();
        bash.WaitForExit();
        return (bash.ExitCode, error);
    }

    [GeneratedRegex(@"^[\w-]+/[\w-]+@[0-9a-f]{40}$")]
    private static partial Regex PinnedAction();

    [GeneratedRegex(@"(?<![\w/$""])(\.github/scripts|infra|\.ci|src|samples)/[\w./-]*\w")]
    private static partial Regex OwnScript();
}
