using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Staleness;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Telemetry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Monitoring;

/// <summary>A check that failed for good.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Until">End of the window.</param>
/// <param name="Reason">What broke.</param>
public sealed record FailedCheck(string Pipeline, DateTimeOffset Until, string Reason);

/// <summary>
/// Checks the versions of a pipeline that take traffic: reads their counts, judges, keeps the report, raises what it has to say. Run
/// twice, the first report stands and the same events are raised: no second effect.
/// </summary>
public sealed class CheckModel(
    IPipelineStore pipelines,
    IModelRegistry registry,
    IModelStore models,
    IWindowStore windows,
    IOutcomeStore outcomes,
    IMonitorReports reports,
    IDatasetStore datasets,
    IRunLog runs,
    IAlertStore alerts,
    IAlertSink sink,
    RetrainGuard retrain,
    IOptions<MonitoringOptions> options,
    ILogger<CheckModel> logger)
{
    private const int NewestRuns = 100;

    // Versions whose windows are looked for; those of earlier ones were deleted while they were among these.
    private const int MostVersions = 100;

    private static readonly TimeSpan CarriedOn = TimeSpan.FromDays(7);

    /// <summary>The activity.</summary>
    [Function(nameof(CheckModel))]
    public async Task Run([ActivityTrigger] CheckInput input, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        // What does not rest on one another is asked for at once: a check is mostly waiting for storage.
        Task<RegistryHead> heading = registry.GetHeadAsync(input.Pipeline, cancellation);
        Task<PipelineSpec?> specifying = SpecOfAsync(input.Pipeline, cancellation);
        Task<MonitorReport?> reporting = reports.GetLatestAsync(input.Pipeline, input.Until, CarriedOn, null, cancellation);
        await Task.WhenAll(heading, specifying, reporting);
        if ((await heading).Live is not { } live)
        {
            return;
        }

        PipelineSpec? whole = await specifying;
        MonitorSpec spec = whole?.Monitor ?? new MonitorSpec();
        MonitorReport? newest = await reporting;
        foreach (int version in live.Shares.Select(share => share.Version).Append(live.Version).Distinct())
        {
            if (await models.LoadCardAsync(input.Pipeline, version, cancellation) is not { } card)
            {
                MonitoringLog.Skipped(logger, input.Pipeline, $"version {version} serves, but has no model card (models/{input.Pipeline}/{version}/model.json).");
                continue;
            }

            MonitorReport report = await ReportAsync(card, version, input.Until, spec, newest, cancellation);
            MlopsTelemetry.Checked(report);
            MonitoringLog.Checked(
                logger, report.Pipeline, version, report.Until, report.Verdict.ToString(), report.Predictions, report.Findings.Count(f => f.Verdict == MonitorVerdict.Alarm));

            // Alerts speak of what serves; a canary is judged by its rollout.
            if (version == live.Version)
            {
                await sink.RaiseAsync(await EventsAsync(report, spec, cancellation), cancellation);
                if (ModelMonitor.AsksForTraining(report) is { } asks)
                {
                    string observation = string.Create(CultureInfo.InvariantCulture, $"{asks.Cause}-v{version}-{report.Until.UtcDateTime:yyyyMMddHHmm}");
                    await retrain.AskAsync(new RetrainWish(input.Pipeline, asks.Cause, observation, asks.Detail, report.Memory?.SuspectedWindows ?? 1), durable, cancellation);
                }

                // Labels ask when they come; what guards kept waiting then is asked for again here.
                if (whole?.Retrain.MinLabels > 0)
                {
                    string labels = string.Create(CultureInfo.InvariantCulture, $"labels-{report.Until.UtcDateTime:yyyyMMddHHmm}");
                    await retrain.AskAsync(new RetrainWish(input.Pipeline, RetrainCause.Labels, labels, "labels that have come"), durable, cancellation);
                }
            }
        }

        // Of the day's first check; one that is made a second time leaves it to the next day's.
        if (newest is null || newest.Until.UtcDateTime.Date < input.Until.UtcDateTime.Date)
        {
            await DeleteOldAsync(input.Pipeline, live.Version, input.Until, cancellation);
        }
    }

    /// <summary>The activity that lists pipelines with a spec and a live model.</summary>
    [Function(nameof(ListLivePipelines))]
    public async Task<string[]> ListLivePipelines([ActivityTrigger] string? none, CancellationToken cancellation)
    {
        var live = new List<string>();
        await foreach (string pipeline in pipelines.ListAsync(cancellation))
        {
            if ((await registry.GetHeadAsync(pipeline, cancellation)).Live is not null)
            {
                live.Add(pipeline);
            }
        }

        return [.. live];
    }

    /// <summary>The activity that tells of a check that failed for good: a monitor that is blind must not be silent.</summary>
    [Function(nameof(ReportFailedCheck))]
    public async Task ReportFailedCheck([ActivityTrigger] FailedCheck failed, CancellationToken cancellation)
    {
        MonitoringLog.Skipped(logger, failed.Pipeline, failed.Reason);
        await sink.RaiseAsync(
            new AlertEvent
            {
                Pipeline = failed.Pipeline,
                Topic = AlertTopic.Failed,
                Severity = AlertSeverity.Warning,
                Subject = IncidentEnds.Check,
                Title = "The live model could not be checked",
                Detail = $"The check of the window until {failed.Until:yyyy-MM-dd HH:mm} UTC failed: {failed.Reason} The next check runs on schedule.",
                At = failed.Until,
                Evidence = MonitorTimer.InstanceId(failed.Until),
                Observation = failed.Until.UtcTicks / TimeSpan.TicksPerSecond,
            },
            cancellation);
    }

    /// <summary>The check's report: the one that stands where it was made before, else a new one.</summary>
    /// <param name="card">The version's card.</param>
    /// <param name="version">The version.</param>
    /// <param name="until">End of the window.</param>
    /// <param name="spec">The pipeline's <c>monitor</c> section.</param>
    /// <param name="newest">The pipeline's newest report, of this check or an earlier one; null where there is none.</param>
    /// <param name="cancellation">Ends it.</param>
    private async Task<MonitorReport> ReportAsync(
        ModelCard card, int version, DateTimeOffset until, MonitorSpec spec, MonitorReport? newest, CancellationToken cancellation)
    {
        bool madeBefore = newest?.Until >= until;
        if (madeBefore && (newest!.Version == version ? newest : await reports.GetAsync(card.Pipeline, version, until, cancellation)) is { } stands)
        {
            return stands;
        }

        Task<MonitoredTraffic> counting = TrafficAsync(card, version, until, spec, cancellation);
        MonitorReport? before = newest is null || (!madeBefore && newest.Version == version) ? newest : await BeforeAsync(card.Pipeline, version, until, cancellation);
        return await reports.SaveAsync(await EvaluateAsync(card, version, await counting, spec, before, cancellation), cancellation);
    }

    /// <summary>Reads the outcomes and judges.</summary>
    internal async Task<MonitorReport> EvaluateAsync(
        ModelCard card, int version, MonitoredTraffic traffic, MonitorSpec spec, MonitorReport? before, CancellationToken cancellation)
    {
        Task<LastSeen> seeing = SeenAsync(card.Pipeline, cancellation);
        var hours = new List<OutcomeRow>();
        await foreach (OutcomeRow hour in outcomes.ReadAsync(card.Pipeline, version, traffic.Until - spec.LabelHorizon, traffic.Until, cancellation))
        {
            hours.Add(hour);
        }

        return ModelMonitor.Evaluate(card, version, traffic, spec, hours, options.Value.Slot, before, await seeing);
    }

    /// <summary>The newest report before the check of the window that ends at <paramref name="until"/>: the version's own, or where it has none, the pipeline's.</summary>
    internal async Task<MonitorReport?> BeforeAsync(string pipeline, int version, DateTimeOffset until, CancellationToken cancellation) =>
        await reports.GetLatestAsync(pipeline, until.AddTicks(-1), CarriedOn, version, cancellation) ?? await reports.GetLatestAsync(pipeline, until.AddTicks(-1), CarriedOn, null, cancellation);

    /// <summary>The counts that a check until <paramref name="until"/> rests on.</summary>
    internal async Task<MonitoredTraffic> TrafficAsync(ModelCard card, int version, DateTimeOffset until, MonitorSpec spec, CancellationToken cancellation)
    {
        var traffic = new MonitoredTraffic(card, until, spec.Window);
        await foreach (WindowRow row in windows.ReadAsync(card.Pipeline, version, until - ModelMonitor.Lookback(spec), until, cancellation))
        {
            traffic.Add(row);
        }

        return traffic;
    }

    /// <summary>The pipeline's <c>monitor</c> section; the defaults where the stored spec cannot be read.</summary>
    internal async Task<MonitorSpec> SpecAsync(string pipeline, CancellationToken cancellation) => (await SpecOfAsync(pipeline, cancellation))?.Monitor ?? new MonitorSpec();

    private async Task<PipelineSpec?> SpecOfAsync(string pipeline, CancellationToken cancellation)
    {
        StoredSpec? stored = await pipelines.GetAsync(pipeline, cancellation);
        if (stored is not null && PipelineSpecParser.Parse(stored.Yaml).Spec is { } spec)
        {
            return spec;
        }

        MonitoringLog.Skipped(logger, pipeline, "its spec is missing or has faults; the check uses the default settings.");
        return null;
    }

    /// <summary>When data, labels and models last came; labels only as far as the newest runs tell, for earlier reports know the rest.</summary>
    private async Task<LastSeen> SeenAsync(string pipeline, CancellationToken cancellation)
    {
        Task<BatchSummary?> batching = datasets.GetNewestBatchAsync(pipeline, cancellation);
        Task<Page<ModelVersion>> versioning = registry.ListVersionsAsync(pipeline, 1, null, cancellation);
        Page<Run> newest = await runs.ListAsync(pipeline, NewestRuns, null, cancellation);
        (BatchSummary? batch, Page<ModelVersion> versions) = (await batching, await versioning);
        Run? labels = newest.Items.FirstOrDefault(run => run.Kind == RunKind.Labels && run.Outputs.Any(o => o.Kind == "joined" && o.Id != "0"));
        return new LastSeen(batch?.ReceivedAt, null, labels?.StartedAt, versions.Items.Count > 0 ? versions.Items[0].CreatedAt : null);
    }

    /// <summary>Deletes windows and reports that are older than they are kept. A day on which this fails or is not reached is made up for by the next.</summary>
    private async Task DeleteOldAsync(string pipeline, int live, DateTimeOffset until, CancellationToken cancellation)
    {
        DateTimeOffset before = until.AddDays(-options.Value.WindowDays);
        Page<ModelVersion> versions = await registry.ListVersionsAsync(pipeline, MostVersions, null, cancellation);
        int rows = 0;

        // What is younger than windows are kept has none to delete.
        foreach (int version in versions.Items.Where(v => v.CreatedAt < before).Select(v => v.Version).Append(live).Distinct())
        {
            rows += await windows.DeleteBeforeAsync(pipeline, version, before, cancellation);
        }

        int old = await reports.DeleteBeforeAsync(pipeline, until.AddDays(-options.Value.ReportDays), cancellation);
        if (rows + old > 0)
        {
            MonitoringLog.Deleted(logger, pipeline, rows, options.Value.WindowDays, old, options.Value.ReportDays);
        }
    }

    /// <summary>What the report has to say, and what is over besides.</summary>
    private async Task<IReadOnlyList<AlertEvent>> EventsAsync(MonitorReport report, MonitorSpec spec, CancellationToken cancellation)
    {
        List<Alert> open = await OpenAsync(report.Pipeline, cancellation);
        IReadOnlyList<Run> newest = open.Exists(alert => alert.Topic == AlertTopic.Failed) ? (await runs.ListAsync(report.Pipeline, NewestRuns, null, cancellation)).Items : [];
        return
        [
            .. MonitorAlerts.Of(report, open, spec.ClearAfter),
            .. IncidentEnds.Of(open, newest, report.Until, string.Create(CultureInfo.InvariantCulture, $"monitoring/{report.Pipeline} v{report.Version} {report.Until.UtcDateTime:yyyy-MM-ddTHH:mm}Z")),
        ];
    }

    private async Task<List<Alert>> OpenAsync(string pipeline, CancellationToken cancellation)
    {
        var open = new List<Alert>();
        await foreach (Alert alert in alerts.ListOpenAsync(pipeline, [], cancellation))
        {
            open.Add(alert);
        }

        return open;
    }
}
