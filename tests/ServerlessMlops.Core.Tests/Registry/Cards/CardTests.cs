using System.Xml;
using System.Xml.Linq;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Registry.Cards;

public sealed class CardTests
{
    private const string Hostile = "<script>alert(1)</script> | `x` *y* & \"q\" 'p' ]]>";

    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Write_AsMarkdown_TellsTheStory()
    {
        string text = CardMarkdown.Write(CardContent.Of(Sources("speed")));

        text.ShouldStartWith("# birds, version 3\n\n**✓ serving** · **champion** · **owner: ads**".Replace("**✓ serving**", "**serving**", StringComparison.Ordinal));
        text.ShouldContain("> A boosting model that says how likely 'damaged' is 'yes', from 2 inputs. It learned from 21,000 rows");
        text.ShouldContain("| `auc` | ████████░░ 0.8123 |  | how often a positive row is ranked above a negative one");
        text.ShouldContain("| ✓ boosting (this one) | 0.8123 |");
        text.ShouldContain("| `auc >= 0.7` | ✓ passed | 0.81 is at least 0.7 |");
        text.ShouldContain("ada approved it 2026-01-02 13:00:00Z (looks right)");
        text.ShouldContain("More than a fifth of the training rows had no value for phase.");
        text.ShouldContain("The hold-out has only 300 rows");
        text.ShouldContain("| upload | `birds/1997.csv` |");
        text.ShouldContain("""{"dataframe_records": [{"speed": 20, "phase": "Climb"}]}""");
        text.ShouldContain("Settings were searched for: 3 settings in 1 stage(s), 3 trainings; ");
    }

    [Fact]
    public void Write_InputsThatTheModelDropped_AreNamedInOneLineAndNotInTheTable()
    {
        CardSources sources = Sources("speed");
        string Text(params InputInfluence[] influences) => CardMarkdown.Write(CardContent.Of(sources with { Card = sources.Card with { Influences = influences } }));
        InputInfluence used = new("speed", 0.1, 0.01, []), chance = new("height", 0, 0.001, []), dropped = new("phase", 0, 0, []), other = new("sky", 0, 0, []);

        string text = Text(used, chance, dropped, other);
        text.ShouldContain("It ignores phase, sky: shuffling changes nothing.");
        text.ShouldContain("| `height` | ");
        text.ShouldNotContain("| `sky` | ");
        Text(used, chance).ShouldNotContain("It ignores");
        Text(dropped, other).ShouldContain("It ignores every input: shuffling changes nothing.");
    }

    [Fact]
    public void Write_AsHtml_IsWellFormedAndNeedsNothingElse()
    {
        string html = CardHtml.Write(CardContent.Of(Sources("speed")));

        XDocument page = Parse(html);
        XNamespace xhtml = "http://www.w3.org/1999/xhtml";
        page.Descendants(xhtml + "h1").Single().Value.ShouldBe("birds, version 3");
        page.Descendants(xhtml + "h2").Select(h => h.Value).ShouldBe(
            ["How good is it?", "What did it compete with?", "What did it have to pass?", "What does it take, and what does it give?", "What should one mind?", "Where does it come from?", "Try it"]);
        page.Descendants(xhtml + "script").ShouldBeEmpty();
        page.Descendants().Where(e => e.Name.LocalName != "a").Attributes().Where(a => a.Name.LocalName is "src" or "href").ShouldBeEmpty("it loads nothing");
        page.Descendants(xhtml + "svg").Count().ShouldBe(3, "each input and the output have a small chart");
        foreach (XElement table in page.Descendants(xhtml + "table"))
        {
            int columns = table.Descendants(xhtml + "th").Count();
            table.Element(xhtml + "tbody")!.Elements().ShouldAllBe(row => row.Elements().Count() == columns);
        }
    }

    [Fact]
    public void Write_NamesOutOfSomebodysFile_AreShownAndNotRun()
    {
        CardDocument card = CardContent.Of(Sources(Hostile));
        string html = CardHtml.Write(card);
        string markdown = CardMarkdown.Write(card);

        Parse(html).Descendants().Count(e => e.Name.LocalName == "script").ShouldBe(0);
        html.ShouldContain("&lt;script&gt;");
        markdown.Split('\n').Where(line => !line.StartsWith("curl", StringComparison.Ordinal)).ShouldAllBe(line => !line.Replace("\\<script", "", StringComparison.Ordinal).Contains("<script>", StringComparison.Ordinal) || line.Contains('`', StringComparison.Ordinal));
        markdown.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal) && l.Contains("script", StringComparison.Ordinal)).ShouldAllBe(l => l.Replace("\\|", "", StringComparison.Ordinal).Count(c => c == '|') == 6);
    }

    [Fact]
    public void Of_ACardWithoutRunSearchGatesOrMetrics_IsACardStill()
    {
        CardSources sources = Sources("speed");
        CardDocument card = CardContent.Of(new CardSources(
            sources.Card with { Gates = [], Metrics = new Dictionary<string, double>(), Candidates = [], Reference = [], Task = LearningTask.Regression, Classes = [] },
            sources.Version with { Approval = null }, [], null, null));

        CardMarkdown.Write(card).ShouldContain("The spec names no gates");
        Parse(CardHtml.Write(card));
    }

    private static XDocument Parse(string html)
    {
        using var reader = XmlReader.Create(new StringReader(html), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader);
    }

    private static CardSources Sources(string input) => new(
        new ModelCard
        {
            Pipeline = "birds", ModelId = new string('a', 64), Task = LearningTask.Binary, Target = "damaged", Candidate = "boosting",
            Inputs = [new FeatureSignature(input, FeatureKind.Number), new FeatureSignature("phase", FeatureKind.Category) { Categories = ["Climb", "Landing"] }],
            Classes = ["no", "yes"],
            Metrics = new Dictionary<string, double> { ["log_loss"] = 0.41, ["auc"] = 0.8123, ["ece"] = 0.08 },
            Candidates = [new CandidateResult("baseline", new Dictionary<string, double> { ["auc"] = 0.5 }, 0.01), new CandidateResult("boosting", new Dictionary<string, double> { ["auc"] = 0.8123 }, 2.5)],
            Gates = [new GateVerdict("auc >= 0.7", Verdict.Passed, "0.81 is at least 0.7")],
            DatasetId = new string('d', 64), SpecHash = new string('5', 64), RunId = "train-birds-3", Seed = 7, TrainRows = 21_000, HoldoutRows = 300,
            Reference =
            [
                new FeatureGroups(input, FeatureKind.Number, [10, 20, 40], [], [100, 100, 100, 100, 5]) { Min = 0, Max = 300 },
                new FeatureGroups("phase", FeatureKind.Category, [], ["Climb", "Landing"], [200, 50, 10, 140]),
            ],
            OutputReference = new FeatureGroups("output", FeatureKind.Number, [0.2, 0.5], [], [10, 10, 10, 0]) { Min = 0.01, Max = 0.98 },
        },
        VersionMovesTests.Row(3) with
        {
            Stage = ModelStage.Serving, Tags = new Dictionary<string, string> { ["owner"] = "ads" },
            Approval = new ModelApproval(ApprovalState.Approved, Noon, Noon.AddDays(7)) { DecidedBy = "ada", DecidedAt = Noon.AddHours(1), Why = "looks right" },
        },
        ["champion"],
        new Run
        {
            Pipeline = "birds", Id = "train-birds-3", Kind = RunKind.Training, Status = RunStatus.Succeeded, Stage = "registered", StartedAt = Noon,
            Inputs = [new RunArtifact("code", "1.0.0+abc"), new RunArtifact("upload", "birds/1997.csv")],
        },
        SearchRecord.Of(
            new SearchSpec { Trials = 2 }, 7, "auc", [.. SearchRecord.Next(new SearchSpec { Trials = 2 }, 7, [], TimeSpan.Zero, 1).Select(t => new TrialResult(t, -0.8 + (t.Number * 0.01), 1))]));
}
