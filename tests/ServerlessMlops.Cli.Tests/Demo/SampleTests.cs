using ServerlessMlops.Cli.Demo;
using ServerlessMlops.Cli.Scoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Cli.Tests.Demo;

/// <summary>What the demo and its README say of the sample holds of its files.</summary>
public class SampleTests
{
    private static readonly string Sample = Path.Combine(RepositoryRoot.Find(), "samples", "birdstrikes");

    [Fact]
    public void Uploads_AllTogether_HoldEachStrikeOnceInOrderOfTime()
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(Sample, "uploads")).Order(StringComparer.Ordinal)];

        CsvRows[] parts = [.. files.Select(file => CsvRows.Read(file, 0, int.MaxValue))];

        parts.Sum(part => part.Rows.Count).ShouldBe(9613);
        string[] keys = [.. parts.SelectMany(part => part.Rows).Select(row => row[0])];
        keys.Distinct().Count().ShouldBe(keys.Length);
        foreach (CsvRows part in parts)
        {
            part.Header.ShouldBe(parts[0].Header);
            string[] dates = [.. part.Rows.Select(row => row[part.IndexOf("flight_date")])];
            dates.ShouldBe(dates.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void HeldBackRows_AndTheirLabels_MeetByKey()
    {
        CsvRows rows = CsvRows.Read(Path.Combine(Sample, "scoring", "2002-05-to-07.csv"), 0, int.MaxValue);
        CsvRows labels = CsvRows.Read(Path.Combine(Sample, "labels", "2002-05-to-07.csv"), 0, int.MaxValue);

        rows.IndexOf("damaged").ShouldBe(-1);
        labels.Rows.Select(row => row[0]).ShouldBe(rows.Rows.Select(row => row[0]));
    }

    [Fact]
    public void Spec_IsValid_AndItsColumnsAreThoseOfTheFiles()
    {
        IReadOnlyList<string> header = CsvRows.Read(Path.Combine(Sample, "uploads", "1998.csv"), 0, 1).Header;

        PipelineSpecResult result = PipelineSpecParser.Parse(File.ReadAllText(Path.Combine(Sample, DemoScenario.Pipeline + ".yaml")));

        result.Findings.ShouldBeEmpty();
        PipelineSpec spec = result.Spec!;
        foreach (string? column in spec.Columns.Keys.Append(spec.Target).Append(spec.Key).Append(spec.Time))
        {
            header.ShouldContain(column);
        }
    }
}
