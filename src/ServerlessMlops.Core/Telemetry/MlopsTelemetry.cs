using System.Diagnostics;
using System.Diagnostics.Metrics;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Telemetry;

/// <summary>
/// The product's one <see cref="ActivitySource"/> and one <see cref="Meter"/>, both named <see cref="Name"/>. Tags are pipelines, versions and
/// outcomes: never a row's values, a key, a file's name or a person. Units are UCUM's. What nobody listens to costs next to nothing; exporters are
/// wired by the app's hosting only.
/// </summary>
public static class MlopsTelemetry
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "ServerlessMlops";

    private const string Pipeline = "mlops.pipeline";

    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> RunDuration = Meter.CreateHistogram<double>(
        "mlops.run.duration", "s", "Time from a run's start to its end, by kind and outcome.");

    private static readonly Counter<long> Rows = Meter.CreateCounter<long>(
        "mlops.ingest.rows", "{row}", "Rows of uploads, kept or rejected.");

    private static readonly Histogram<double> UploadLag = Meter.CreateHistogram<double>(
        "mlops.upload.lag", "s", "Time from the moment a file was uploaded to the moment its ingestion was asked for.");

    private static readonly Histogram<double> ScoringDuration = Meter.CreateHistogram<double>(
        "mlops.scoring.duration", "s", "Time of a scoring request in the app, by HTTP status.");

    private static readonly Counter<long> Predictions = Meter.CreateCounter<long>(
        "mlops.predictions", "{prediction}", "Rows scored, by version.");

    private static readonly Gauge<double> MonitorEffect = Meter.CreateGauge<double>(
        "mlops.monitor.effect", "1", "Effect size of the last finding of a monitor about a subject, where it has one.");

    private static readonly Counter<long> MonitorFindings = Meter.CreateCounter<long>(
        "mlops.monitor.findings", "{finding}", "Findings of checks, by verdict.");

    private static readonly Counter<long> Alerts = Meter.CreateCounter<long>(
        "mlops.alerts", "{alert}", "Alerts that changed their state, by topic and severity.");

    /// <summary>The source of the product's own spans.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>A run ended.</summary>
    public static void RunEnded(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.EndedAt is { } ended)
        {
            RunDuration.Record(
                (ended - run.StartedAt).TotalSeconds,
                new TagList { { Pipeline, run.Pipeline }, { "mlops.run.kind", run.Kind.ToString() }, { "mlops.run.status", run.Status.ToString() } });
        }
    }

    /// <summary>An upload was read.</summary>
    public static void UploadRead(string pipeline, long kept, long rejected)
    {
        Rows.Add(kept, new(Pipeline, pipeline), new("mlops.rows", "kept"));
        Rows.Add(rejected, new(Pipeline, pipeline), new("mlops.rows", "rejected"));
    }

    /// <summary>An upload's ingestion was asked for.</summary>
    public static void UploadSeen(string pipeline, TimeSpan lag) => UploadLag.Record(Math.Max(0, lag.TotalSeconds), new KeyValuePair<string, object?>(Pipeline, pipeline));

    /// <summary>A scoring request was answered.</summary>
    public static void RequestScored(string pipeline, TimeSpan taken, int status)
    {
        if (ScoringDuration.Enabled)
        {
            ScoringDuration.Record(taken.TotalSeconds, new(Pipeline, pipeline), new("http.response.status_code", status));
        }
    }

    /// <summary>Rows were scored by a version.</summary>
    public static void RowsScored(string pipeline, int version, int rows)
    {
        if (Predictions.Enabled)
        {
            Predictions.Add(rows, new(Pipeline, pipeline), new("mlops.version", version));
        }
    }

    /// <summary>A live version was checked.</summary>
    public static void Checked(MonitorReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        foreach (MonitorFinding finding in report.Findings)
        {
            MonitorFindings.Add(1, new(Pipeline, report.Pipeline), new("mlops.monitor", finding.Kind.ToString()), new("mlops.verdict", finding.Verdict.ToString()));
            if (finding.Effect is { } effect)
            {
                MonitorEffect.Record(effect, new(Pipeline, report.Pipeline), new("mlops.monitor", finding.Kind.ToString()), new("mlops.subject", finding.Subject));
            }
        }
    }

    /// <summary>An alert opened, was acknowledged, or resolved.</summary>
    public static void AlertMoved(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        Alerts.Add(
            1,
            new TagList
            {
                { Pipeline, alert.Pipeline },
                { "mlops.alert.topic", alert.Topic.ToString() },
                { "mlops.alert.severity", alert.Severity.ToString() },
                { "mlops.alert.state", alert.State.ToString() },
            });
    }
}
