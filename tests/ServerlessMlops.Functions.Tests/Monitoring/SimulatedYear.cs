using System.Globalization;
using System.Reflection;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Functions.Feedback;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Training;
using ServerlessMlops.Offline.Tests.Durable;
using ServerlessMlops.Storage.Alerts;
using ServerlessMlops.Storage.Feedback;
using ServerlessMlops.Storage.Models;
using ServerlessMlops.Storage.Monitoring;
using ServerlessMlops.Storage.Pipelines;
using ServerlessMlops.Storage.Predictions;
using ServerlessMlops.Storage.Registry;
using ServerlessMlops.Storage.Runs;
using ServerlessMlops.Storage.Training;
using ServerlessMlops.Storage.Windows;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Monitoring;

/// <summary>
/// A year of a pipeline on a clock of its own and real storage: each day is scored, counted, checked and labelled as the app does it; trainings that the app asks
/// for are learned, judged against what serves and tried on a day's traffic. What happens is the <see cref="Timeline"/>.
/// </summary>
internal sealed class SimulatedYear : IAlertSink, IAsyncDisposable
{
    public const string Pipeline = "pumps";

    private const string Spec = """
        target: failed
        task: binary
        gates: [auc >= 0.7]
        retrain: {onUpload: false, nightly: false, onDrift: true, cooldown: 7d, freezeAfterRejections: 4}
        monitor: {window: 1d, labelHorizon: 45d, stale: {training: 0d}}
        """;

    private readonly SimulatedWorld _world = new();
    private readonly ManualTimeProvider _time = new(SimulatedWorld.Begin);
    private readonly PipelinesContainer _pipelines;
    private readonly RegistryTable _registry;
    private readonly ModelsContainer _models;
    private readonly WindowsTable _windows;
    private readonly OutcomesStore _outcomes;
    private readonly AlertsTable _alerts;
    private readonly RunsTable _runs;
    private readonly RequestsTable _requests;
    private readonly CheckModel _checks;
    private readonly DurableHost _durable = new();
    private readonly Dictionary<int, LearnedModel> _learned = [];
    private readonly List<(DateTimeOffset Due, int Version, OutcomeTally Tally, DateTimeOffset Hour)> _labels = [];
    private long _sequence;

    public SimulatedYear(string connection)
    {
        var blobs = new BlobServiceClient(connection);
        var tables = new TableServiceClient(connection);
        (_pipelines, _registry, _models, _windows) = (new(blobs), new(tables, _time), new(blobs), new(tables));
        (_outcomes, _alerts, _runs, _requests) = (new(blobs, tables), new(tables), new(tables), new(tables));
        IDatasetStore datasets = DailyUploads.Of(_time);
        var labelled = new LabelledExporter(new LabelledExportsStore(blobs), _outcomes, new PredictionsContainer(blobs), _registry, _models, datasets, _time);
        var guard = new RetrainGuard(new SpecReader(_pipelines), _runs, datasets, new TrainingRequests(_requests, _time), labelled, this, _time, NullLogger<RetrainGuard>.Instance);
        _checks = new CheckModel(
            _pipelines, _registry, _models, _windows, _outcomes, new MonitoringContainer(blobs), datasets, _runs, _alerts, this, guard,
            Options.Create(new MonitoringOptions { Slot = TimeSpan.FromDays(1) }), NullLogger<CheckModel>.Instance);
        _durable.Orchestrator<TrainingInput, bool>(nameof(TrainingOrchestrator), (context, input) => context.CallActivityAsync<bool>(nameof(TrainAsync), input));
        _durable.Activity<TrainingInput, bool>(nameof(TrainAsync), TrainAsync);
    }

    /// <summary>What happened, a line each: alerts that begin and end, trainings and how they ended.</summary>
    public List<string> Timeline { get; } = [];

    public WindowsTable Windows => _windows;

    public async Task RunAsync()
    {
        await _durable.StartAsync();
        await _pipelines.PutAsync(Pipeline, Spec, null, "test", default);
        await _requests.UpdateAsync(Pipeline, row => row.Ask("a person", _time.GetUtcNow()), default);
        await TrainAsync(new TrainingInput(Pipeline, 1, "a person"));
        for (int day = 0; day < SimulatedWorld.Days; day++)
        {
            DateTimeOffset midnight = SimulatedWorld.Begin.AddDays(day);
            await ServeAsync(day, midnight);
            _time.AdvanceTo(midnight.AddDays(1));
            await LabelAsync();
            await _checks.Run(new CheckInput(Pipeline, midnight.AddDays(1)), _durable.Client, default);
            TrainingRequest request = await _requests.GetAsync(Pipeline, default);
            if (request.Running)
            {
                await _durable.EndAsync(TrainingRequest.RunId(Pipeline, request.Generation));
            }
        }
    }

    public async Task RaiseAsync(IReadOnlyList<AlertEvent> events, CancellationToken cancellation)
    {
        foreach (AlertEvent occurred in events)
        {
            AlertState? before = null;
            Alert? after = await _alerts.UpdateAsync(
                occurred.Pipeline,
                occurred.Fingerprint,
                current =>
                {
                    before = current?.State;
                    return AlertMoves.Apply(current, occurred, AlertPolicy.Default);
                },
                cancellation);
            if (after is not null && after.State != before)
            {
                Note($"{(after.State == AlertState.Resolved ? "well" : "alert"),-8} {after.Topic}: {after.Subject}");
            }
        }
    }

    public ValueTask DisposeAsync() => _durable.DisposeAsync();

    /// <summary>Scores a day's requests by what serves, and counts them in two rows.</summary>
    private async Task ServeAsync(int day, DateTimeOffset midnight)
    {
        int version = (await _registry.GetHeadAsync(Pipeline, default)).Live!.Version;
        LearnedModel model = _learned[version];
        SimulatedRows rows = _world.RowsOf(day);
        if (rows.Count == 0)
        {
            return;
        }

        float[] outputs = model.Score(rows.Features());
        var tally = new OutcomeTally(model.Card, []);
        var appending = new List<Task>();
        for (int half = 0; half < 2; half++)
        {
            int from = rows.Count * half / 2, until = rows.Count * (half + 1) / 2;
            WindowSums sums = model.Count(rows, outputs, Enumerable.Range(from, until - from));
            DateTimeOffset minute = half == 0 ? midnight.AddHours(10) : midnight.AddHours(23).AddMinutes(50);
            appending.Add(_windows.AppendAsync(new WindowRow(Pipeline, version, "0123abcd", ++_sequence, minute, sums), default));
        }

        await Task.WhenAll(appending);

        for (int row = 0; row < rows.Count; row++)
        {
            tally.Count(outputs.AsSpan(row, 1), rows.Failed[row] ? 1 : 0, SimulatedWorld.DelayOf(day), []);
        }

        _labels.Add((midnight + SimulatedWorld.DelayOf(day) + TimeSpan.FromDays(1), version, tally, midnight.AddHours(12)));
    }

    /// <summary>Labels that are due by now are joined.</summary>
    private async Task LabelAsync()
    {
        DateTimeOffset now = _time.GetUtcNow();
        foreach ((DateTimeOffset due, int version, OutcomeTally tally, DateTimeOffset hour) in _labels.Where(l => l.Due <= now).ToArray())
        {
            Task counting = _outcomes.SaveCountsAsync(new OutcomeRow(Pipeline, version, hour, 1, tally.Counts), default);
            await _runs.StartAsync(
                new Run
                {
                    Pipeline = Pipeline, Id = string.Create(CultureInfo.InvariantCulture, $"labels-{hour:yyyyMMdd}"), Kind = RunKind.Labels, Status = RunStatus.Succeeded, Stage = "joined", StartedAt = now,
                    Outputs = [new RunArtifact("joined", tally.Counts.Labelled.ToString(CultureInfo.InvariantCulture))],
                },
                default);
            await counting;
        }

        _labels.RemoveAll(l => l.Due <= now);
    }

    /// <summary>Learns of the labelled days, judges against what serves on the newest of them, and tries the winner on the day's traffic.</summary>
    private async Task<bool> TrainAsync(TrainingInput input)
    {
        DateTimeOffset now = _time.GetUtcNow();
        await _runs.StartAsync(
            new Run
            {
                Pipeline = Pipeline, Id = input.RunId, Kind = RunKind.Training, Status = RunStatus.Running, Stage = "training", StartedAt = now, Inputs = [new RunArtifact("request", input.Reason)],
            },
            default);
        await _requests.UpdateAsync(Pipeline, row => row.Look(input.Generation), default);
        LearnedModel candidate = LearnedModel.Of(_world.LabelledBy(now), Pipeline, input.RunId);
        RegistryHead head = await _registry.GetHeadAsync(Pipeline, default);
        LearnedModel? champion = head.Live is { } live ? _learned[live.Version] : null;
        double auc = candidate.Card.Metrics["auc"], served = champion?.AucOn(candidate.Holdout) ?? 0;
        bool accepted = auc >= 0.7 && auc >= served - 0.02;
        string asked = input.Reason.Split(':')[0];
        if (accepted)
        {
            ModelVersion version = await _registry.RegisterAsync(
                Pipeline,
                new ModelRegistration
                {
                    ModelId = candidate.Card.ModelId, DatasetId = candidate.Card.DatasetId, SpecHash = candidate.Card.SpecHash, Candidate = "linear", RunId = input.RunId, Metrics = candidate.Card.Metrics,
                },
                new MoveReason("system:training", "passed", input.RunId),
                default);
            await _models.SaveVersionAsync(Pipeline, version.Version, candidate.Onnx, candidate.Card, default);
            _learned[version.Version] = candidate;
            StepVerdict verdict = champion is null ? StepVerdict.Advance : Tried(candidate, version.Version, champion, head.Live!.Version, now);
            Note($"training {input.Generation} ({asked}): version {version.Version} {(verdict == StepVerdict.Advance ? "serves" : $"is not rolled out: {verdict}")}");
            if (verdict == StepVerdict.Advance)
            {
                await _registry.PromoteAsync(Pipeline, version.Version, new MoveReason("system:rollout", "sound", input.RunId), default);
            }
        }
        else
        {
            Note($"training {input.Generation} ({asked}): rejected, {(auc < 0.7 ? "below the gate" : "worse than what serves")}");
        }

        await _runs.UpdateAsync(Pipeline, input.RunId, run => run with { Status = accepted ? RunStatus.Succeeded : RunStatus.Rejected, Stage = "judged", EndedAt = now }, default);
        await _requests.UpdateAsync(Pipeline, row => row.End(input.Generation), default);
        return accepted;
    }

    private StepVerdict Tried(LearnedModel challenger, int version, LearnedModel champion, int live, DateTimeOffset now)
    {
        SimulatedRows rows = _world.RowsOf((int)(now - SimulatedWorld.Begin).TotalDays - 1);
        WindowSums Half(LearnedModel model, int side) => model.Count(rows, model.Score(rows.Features()), Enumerable.Range(0, rows.Count).Where(row => row % 2 == side));
        return RolloutJudge.Judge(
            new VersionEvidence(version, challenger.Card, Half(challenger, 0)), new VersionEvidence(live, champion.Card, Half(champion, 1)), new DeploySpec(), new SloSpec(),
            new StepProgress(0, 1, 1, TimeSpan.FromDays(1))).Verdict;
    }

    private void Note(string what) => Timeline.Add(string.Create(CultureInfo.InvariantCulture, $"{_time.GetUtcNow():yyyy-MM-dd}  {what}"));

    /// <summary>The part of the data sets that monitoring asks for: an upload arrives each day.</summary>
#pragma warning disable CA1852 // the proxy is derived from it while the test runs
    public class DailyUploads : DispatchProxy
#pragma warning restore CA1852
    {
        private TimeProvider _time = TimeProvider.System;

        public static IDatasetStore Of(TimeProvider time)
        {
            IDatasetStore store = Create<IDatasetStore, DailyUploads>();
            ((DailyUploads)(object)store)._time = time;
            return store;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod?.Name == nameof(IDatasetStore.GetNewestBatchAsync)
            ? Task.FromResult<BatchSummary?>(new BatchSummary { BatchId = "daily", Rows = SimulatedWorld.RowsADay, Schema = new TableSchema([]), ReceivedAt = _time.GetUtcNow() })
            : throw new NotSupportedException(targetMethod?.Name);
    }
}
