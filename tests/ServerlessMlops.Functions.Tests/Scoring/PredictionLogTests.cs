using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Scoring;

public sealed class PredictionLogTests
{
    private static readonly ServingModel Model = new(FakeModels.CardOf(1), 1, new VersionedPredictor(1));

    private readonly FakePredictions _store = new();
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 59, 0, TimeSpan.Zero));
    private readonly ScoringOptions _options = new();

    [Fact]
    public async Task Rows_AreWrittenAfterTheInterval()
    {
        using PredictionLog log = await StartAsync();
        Append(log, 30).ShouldBe("flights.2026010203.0123abcd.0.0");
        Append(log, 40).ShouldBe("flights.2026010203.0123abcd.0.1");
        _store.Blobs.ShouldBeEmpty();
        _time.Advance(_options.LogFlushInterval);
        await Eventually.HoldsAsync(() => _store.Lines.Length == 2, "the file");
        _store.Blobs.Keys.ShouldContain("flights/2026/01/02/03/0123abcd-0.jsonl");
        log.BufferedBytes.ShouldBe(0);
        await log.StopAsync(default);
    }

    [Fact]
    public async Task Rows_OfAnotherHourOrABigFile_GoIntoTheNextFile()
    {
        _options.LogFileBytes = 64 * 1024;
        using PredictionLog log = await StartAsync();
        for (int i = 0; i < 1000; i++)
        {
            Append(log, i);
        }

        await Eventually.HoldsAsync(() => !_store.Blobs.IsEmpty, "a full file is written without waiting for its time");
        _time.Advance(TimeSpan.FromMinutes(2));
        Append(log, 1).ShouldStartWith("flights.2026010204.");
        await log.StopAsync(default);
        _store.Lines.Length.ShouldBe(1001);
    }

    [Fact]
    public async Task Rows_OfAShare_AreChosenByKeyAndTheRestAreAnsweredAllTheSame()
    {
        var sampled = new ServingModel(FakeModels.CardOf(1), 1, new VersionedPredictor(1), new ScoringRules(new ScoringSpec { Log = new PredictionLogSpec { Share = 0.25 } }));
        using PredictionLog log = await StartAsync();
        var batch = new ScoringBatch();
        (bool IsLogged, string Id)[] Round() =>
        [
            .. Enumerable.Range(0, 400).Select(i =>
            {
                batch.Reset(sampled.Signature, 1, ScoringLimits.Default);
                InvocationReader.Read(Encoding.UTF8.GetBytes($$"""[{"speed":1,"flight_id":"k{{i}}"}]"""), batch, ScoringLimits.Default).ShouldBeNull();
                batch.Predict(sampled.Predictor);
                LoggedRows rows = log.Append(sampled, batch, default, TimeSpan.Zero);
                log.Append(sampled, batch, default, TimeSpan.Zero, rows).IsLogged.ShouldBe(rows.IsLogged, "a shadow is logged with the answer that was given");
                return (rows.IsLogged, Encoding.UTF8.GetString(rows.IdPrefix) + rows.FirstRow);
            }),
        ];
        (bool IsLogged, string Id)[] first = Round(), second = Round();
        first.Select(r => r.IsLogged).ShouldBe(second.Select(r => r.IsLogged));
        first.Concat(second).Select(r => r.Id).Distinct().Count().ShouldBe(800, "also what is not logged has an id of its own");
        int logged = first.Count(r => r.IsLogged);
        logged.ShouldBeInRange(60, 140, "a quarter of 400, five standard deviations around");
        log.DroppedRows.ShouldBe(0, "not to log was wanted");
        await log.StopAsync(default);
        _store.Lines.Length.ShouldBe(4 * logged);
    }

    [Fact]
    public async Task Rows_AtShutdown_AreWritten()
    {
        using PredictionLog log = await StartAsync();
        string id = Append(log, 30);
        await log.StopAsync(default);
        JsonDocument.Parse(_store.Lines.Single()).RootElement.GetProperty("inferenceId").GetString().ShouldBe(id);
        Append(log, 30).ShouldBe("flights.2026010203.0123abcd.x.0");
        log.DroppedRows.ShouldBe(1);
    }

    [Fact]
    public async Task Rows_WhileStorageIsDown_WaitThenAreWrittenOnce()
    {
        _store.Fails = new IOException("down");
        using PredictionLog log = await StartAsync();
        Append(log, 30);
        _time.Advance(_options.LogFlushInterval);
        await Eventually.HoldsAsync(() => _store.Tries == 1, "the first try");
        _store.Fails = null;
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return _store.Lines.Length == 1;
            },
            "the next try");
        await log.StopAsync(default);
        _store.Lines.Length.ShouldBe(1);
        log.DroppedRows.ShouldBe(0);
    }

    [Fact]
    public async Task Rows_BeyondTheRate_AreCountedAndTheirIdsSaySo()
    {
        _options.LogRowsPerSecond = 1;
        using PredictionLog log = await StartAsync();
        string[] ids = [.. Enumerable.Range(0, 12).Select(i => Append(log, i))];
        ids.Count(id => id.Contains(".x.", StringComparison.Ordinal)).ShouldBe(2);
        ids.Distinct().Count().ShouldBe(12);
        log.DroppedRows.ShouldBe(2);
        _time.Advance(TimeSpan.FromSeconds(3));
        Append(log, 1).ShouldNotContain(".x.");
        await log.StopAsync(default);
        _store.Lines.Length.ShouldBe(11);
    }

    [Fact]
    public async Task Rows_BeyondTheBuffer_AreDroppedNotWaitedFor()
    {
        _options.LogBufferBytes = 1024 * 1024;
        _options.LogRowsPerSecond = 10_000_000;
        _store.Fails = new IOException("down");
        using PredictionLog log = await StartAsync();
        for (int i = 0; i < 20_000; i++)
        {
            Append(log, i);
        }

        log.DroppedRows.ShouldBeGreaterThan(0);
        log.BufferedBytes.ShouldBeLessThanOrEqualTo(_options.LogBufferBytes);
        long accepted = 20_000 - log.DroppedRows;
        await log.StopAsync(default);
        log.DroppedRows.ShouldBe(20_000);
        accepted.ShouldBeGreaterThan(1000);
    }

    [Fact]
    public async Task Flush_OfAPipeline_CompletesWhenStorageHasIt()
    {
        using PredictionLog log = await StartAsync();
        Append(log, 30);
        await log.FlushAsync("flights", default).WaitAsync(TimeSpan.FromSeconds(10));
        _store.Lines.Length.ShouldBe(1);
        await log.StopAsync(default);
    }

    private async Task<PredictionLog> StartAsync()
    {
        var log = new PredictionLog(_store, new InstanceName("0123abcd"), Options.Create(_options), _time, NullLogger<PredictionLog>.Instance);
        await log.StartAsync(default);
        await Eventually.HoldsAsync(() => _time.PendingTimers > 0, "the log's timer");
        return log;
    }

    private static string Append(PredictionLog log, int speed)
    {
        var batch = new ScoringBatch();
        batch.Reset(Model.Signature, 1, ScoringLimits.Default);
        InvocationReader.Read(Encoding.UTF8.GetBytes($"{{\"instances\":[[{speed}]]}}"), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Predict(Model.Predictor);
        LoggedRows rows = log.Append(Model, batch, default, TimeSpan.FromMicroseconds(41));
        return Encoding.UTF8.GetString(rows.IdPrefix) + rows.FirstRow;
    }
}
