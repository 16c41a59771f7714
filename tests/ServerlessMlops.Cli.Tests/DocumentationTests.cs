using System.Text.RegularExpressions;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Cli.Tests;

/// <summary>What the texts point at is there.</summary>
public partial class DocumentationTests
{
    private static readonly string Root = RepositoryRoot.Find();

    private static readonly string[] Ignored = ["bin", "obj", "node_modules", ".git", ".mlops", "TestResults"];

    [Fact]
    public void Links_WithinTheRepository_LeadToFilesAndHeadings()
    {
        List<string> broken = [];
        int checkedLinks = 0;
        foreach (string file in Texts(Root))
        {
            foreach (Match link in Link().Matches(Fence().Replace(File.ReadAllText(file), "")))
            {
                string address = link.Groups[1].Value;
                if (address.Contains("://", StringComparison.Ordinal) || address.StartsWith("mailto:", StringComparison.Ordinal))
                {
                    continue;
                }

                checkedLinks++;
                string[] parts = address.Split('#', 2);
                string target = parts[0].Length == 0 ? file : Path.GetFullPath(parts[0], Path.GetDirectoryName(file)!);
                bool leads = Path.Exists(target) && (parts.Length == 1 || Headings(target).Contains(parts[1]));
                if (!leads)
                {
                    broken.Add($"{Path.GetRelativePath(Root, file)}: {address}");
                }
            }
        }

        broken.ShouldBeEmpty();
        checkedLinks.ShouldBeGreaterThan(50, "or the pattern finds none");
    }

    [Fact]
    public void Decisions_AllOfThem_StandInTheIndex()
    {
        string folder = Path.Combine(Root, "src", "decisions");
        string index = File.ReadAllText(Path.Combine(folder, "README.md"));

        Directory.GetFiles(folder, "0*.md").Select(Path.GetFileName).Where(name => !index.Contains($"({name})", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Verbs_AllOfThem_StandInTheReadme()
    {
        string readme = File.ReadAllText(Path.Combine(Root, "README.md"));
        CliOutcome help = await CliRunner.RunAsync("--help");

        string[] verbs = [.. HelpVerb().Matches(help.Output[help.Output.IndexOf("Commands:", StringComparison.Ordinal)..]).Select(m => m.Groups[1].Value)];

        verbs.Length.ShouldBeGreaterThan(15);
        verbs.Where(verb => verb != "demo" && !readme.Contains($"`mlops {verb}", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static IEnumerable<string> Texts(string folder) =>
    [
        .. Directory.GetFiles(folder, "*.md"),
        .. Directory.GetDirectories(folder).Where(sub => !Ignored.Contains(Path.GetFileName(sub))).SelectMany(Texts),
    ];

    /// <summary>The anchors that GitHub gives to the headings of a text.</summary>
    private static IEnumerable<string> Headings(string file) =>
        Heading().Matches(Fence().Replace(File.ReadAllText(file), "")).Select(m => NotInAnchors().Replace(m.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"^  ([a-z]+) ", RegexOptions.Multiline)]
    private static partial Regex HelpVerb();
}
