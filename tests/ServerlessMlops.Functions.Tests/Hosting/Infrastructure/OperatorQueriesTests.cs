using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Telemetry;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Functions.Tests.Hosting.Infrastructure;

/// <summary>The queries of <c>infra/queries</c>, held against the metrics that the app really records: a renamed metric must not leave an empty chart.</summary>
public sealed partial class OperatorQueriesTests
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Find(), "infra", "queries");

    private static readonly Dictionary<string, HashSet<string>> TagsOfMetrics = Record();

    private static readonly Dictionary<string, string[]> ValuesOfTags = new()
    {
        ["mlops.run.status"] = Enum.GetNames<RunStatus>(),
        ["mlops.run.kind"] = Enum.GetNames<RunKind>(),
        ["mlops.monitor"] = Enum.GetNames<MonitorKind>(),
        ["mlops.verdict"] = Enum.GetNames<MonitorVerdict>(),
        ["mlops.alert.topic"] = Enum.GetNames<AlertTopic>(),
        ["mlops.alert.severity"] = Enum.GetNames<AlertSeverity>(),
        ["mlops.alert.state"] = Enum.GetNames<AlertState>(),
    };

    public static TheoryData<string> Queries => [.. Directory.EnumerateFiles(Folder, "*.kql").Select(path => Path.GetRelativePath(Folder, path)).Order()];

    [Theory]
    [MemberData(nameof(Queries))]
    public void Query_UsesMetricsAndTagsThatAreRecorded(string file)
    {
        string query = File.ReadAllText(Path.Combine(Folder, file));
        string[] metrics = [.. MetricName().Matches(query).Select(match => match.Groups[1].Value)];
        string[] tags = [.. Tag().Matches(query).Select(match => match.Groups[1].Value)];

        query.ShouldStartWith("// ", Case.Sensitive, "the first line says what it tells");
        query.Contains("AppMetrics", StringComparison.Ordinal).ShouldBe(metrics.Length > 0);
        foreach (string metric in metrics)
        {
            TagsOfMetrics.Keys.ShouldContain(metric, file);
        }

        tags.ShouldBeSubsetOf(metrics.SelectMany(metric => TagsOfMetrics[metric]), file);
        foreach (Match comparison in TagComparison().Matches(query))
        {
            string tag = comparison.Groups["tag"].Value;
            Literal().Matches(comparison.Groups["values"].Value).Select(match => match.Groups[1].Value).ShouldBeSubsetOf(ValuesOfTags[tag], $"{file}: {tag}");
        }
    }

    [Fact]
    public void EveryMetric_IsAskedFor()
    {
        string all = string.Concat(Directory.EnumerateFiles(Folder, "*.kql").Select(File.ReadAllText));

        TagsOfMetrics.Keys.ShouldContain("mlops.run.duration");
        TagsOfMetrics.Keys.ShouldAllBe(metric => all.Contains($"\"{metric}\"", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Queries))]
    public void Query_IsDeployed(string file)
    {
        string module = file.StartsWith("alert-", StringComparison.Ordinal) ? "modules/alerts.bicep" : "modules/workbook.bicep";

        BicepFileTests.Open(module).Text.ShouldContain($"loadTextContent('../queries/{file}')");
    }

    [Fact]
    public void LatencyThreshold_IsPutIntoItsQuery()
    {
        File.ReadAllText(Path.Combine(Folder, "alert-scoring-latency.kql")).ShouldContain("MeanSeconds > LATENCY_SECONDS");
        BicepFileTests.Open("modules/alerts.bicep").Text.ShouldContain("'LATENCY_SECONDS', latencySeconds)");
    }

    // Records each measurement once and looks which instrument came with which tags.
    private static Dictionary<string, HashSet<string>> Record()
    {
        var seen = new Dictionary<string, HashSet<string>>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == MlopsTelemetry.Name)
                {
                    lock (seen)
                    {
                        seen.TryAdd(instrument.Name, []);
                    }

                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
        listener.Start();

        var at = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        MlopsTelemetry.RunEnded(new Run
        {
            Pipeline = "birds", Id = "r", Kind = RunKind.Training, Status = RunStatus.Failed, Stage = "training", StartedAt = at, EndedAt = at.AddMinutes(1),
        });
        MlopsTelemetry.UploadRead("birds", 1, 1);
        MlopsTelemetry.UploadSeen("birds", TimeSpan.FromSeconds(1));
        MlopsTelemetry.RequestScored("birds", TimeSpan.FromMilliseconds(1), 200);
        MlopsTelemetry.RowsScored("birds", 1, 1);
        MlopsTelemetry.Checked(new MonitorReport(
            "birds", 1, at, at.AddHours(1), 1, 1, 0.05, [new MonitorFinding(MonitorKind.DataDrift, "weight", MonitorVerdict.Alarm, 1, 0.3, 0.2, 0.01, 0.01, "It moved.")]));
        MlopsTelemetry.AlertMoved(new Alert
        {
            Id = "a", Pipeline = "birds", Topic = AlertTopic.Failed, Severity = AlertSeverity.Critical, Subject = "s", Title = "t", Detail = "d", Evidence = "e",
            State = AlertState.Firing, FirstAt = at, LastAt = at, Occurrences = 1,
        });
        lock (seen)
        {
            return seen.ToDictionary(pair => pair.Key, pair => pair.Value);
        }

        void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (seen)
            {
                foreach (KeyValuePair<string, object?> tag in tags)
                {
                    seen[instrument.Name].Add(tag.Key);
                }
            }
        }
    }

    [GeneratedRegex("Name == \"(mlops\\.[\\w.]+)\"")]
    private static partial Regex MetricName();

    [GeneratedRegex("""Properties\["([^"]+)"\]""")]
    private static partial Regex Tag();

    [GeneratedRegex("""Properties\["(?<tag>[^"]+)"\]\)\s*(==|in)\s*(?<values>"[^"]*"|\([^)]*\))""")]
    private static partial Regex TagComparison();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Literal();
}
