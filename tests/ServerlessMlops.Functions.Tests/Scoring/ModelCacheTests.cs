using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Scoring;

public sealed class ModelCacheTests : IDisposable
{
    private readonly FakeModels _models = new();
    private readonly ManualTimeProvider _time = new();
    private readonly ModelCache _cache;

    public ModelCacheTests()
    {
        var loader = new ModelLoader(_models, onnx => new VersionedPredictor(onnx.Span[0]), new WindowCounters("0123abcd"));
        _cache = new ModelCache(_models, loader, Options.Create(new ScoringOptions()), _time, NullLogger<ModelCache>.Instance);
    }

    public void Dispose() => _cache.Dispose();

    [Fact]
    public async Task Get_WhileFresh_ReadsStorageOnce()
    {
        _models.Serve(1);
        for (int i = 0; i < 10; i++)
        {
            (await _cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(1);
        }

        _models.HeadReads.ShouldBe(1);
    }

    [Fact]
    public async Task Get_PastStaleness_AnswersAtOnceAndSwapsBehind()
    {
        _models.Serve(1);
        await _cache.GetAsync("flights", default);
        _models.Serve(2);
        _models.Gate = new TaskCompletionSource();
        _time.Advance(TimeSpan.FromSeconds(6));

        ValueTask<ModelLookup> stale = _cache.GetAsync("flights", default);
        stale.IsCompleted.ShouldBeTrue("a request with a model at hand does not wait for storage");
        (await stale).Model!.Model.Version.ShouldBe(1);

        _models.Gate.SetResult();
        await Eventually.HoldsAsync(() => _cache.States().Single().Version == 2, "the swap");
        (await _cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(2);
        _models.HeadReads.ShouldBe(2);
    }

    [Fact]
    public async Task Get_AfterALongRest_WaitsForTheRefresh()
    {
        _models.Serve(1);
        await _cache.GetAsync("flights", default);
        _models.Serve(2);
        _time.Advance(TimeSpan.FromMinutes(10));
        (await _cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(2);
    }

    [Fact]
    public async Task Get_AfterALongRestWithStorageHanging_AnswersWithTheLastGood()
    {
        _models.Serve(1);
        await _cache.GetAsync("flights", default);
        _models.Gate = new TaskCompletionSource();
        _time.Advance(TimeSpan.FromMinutes(10));
        Task<ModelLookup> waiting = _cache.GetAsync("flights", default).AsTask();
        await Eventually.HoldsAsync(() => _time.PendingTimers > 0, "the wait for the refresh");
        _time.Advance(TimeSpan.FromSeconds(2));
        (await waiting).Model!.Model.Version.ShouldBe(1);
    }

    [Fact]
    public async Task Get_NewVersionDamaged_KeepsTheLastGoodReportsAndRecovers()
    {
        _models.Serve(1);
        await _cache.GetAsync("flights", default);
        _models.Damaged[2] = new InvalidDataException("the bytes are not those");
        _models.Serve(2);
        _time.Advance(TimeSpan.FromSeconds(6));
        await _cache.GetAsync("flights", default);
        await Eventually.HoldsAsync(() => _cache.States().Single().Fault is not null, "the fault");
        _cache.States().Single().ShouldSatisfyAllConditions(s => s.Version.ShouldBe(1), s => s.Fault!.ShouldContain("not those"));
        (await _cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(1);

        _models.Damaged.Clear();
        _time.Advance(TimeSpan.FromSeconds(6));
        await _cache.GetAsync("flights", default);
        await Eventually.HoldsAsync(() => _cache.States().Single().Version == 2, "the recovery");
        _cache.States().Single().Fault.ShouldBeNull();
    }

    [Theory]
    [InlineData("unknown-one", "not known")]
    [InlineData("No Such/Name", "cannot name a pipeline")]
    [InlineData("flights", "none of them serves")]
    public async Task Get_NothingServes_Is404WithTheFix(string pipeline, string expected)
    {
        _models.Head = _models.Head with { LastVersion = 2 };
        ModelLookup found = await _cache.GetAsync(pipeline, default);
        found.Model.ShouldBeNull();
        found.Problem!.Status.ShouldBe(404);
        found.Problem.Detail.ShouldContain(expected);
    }

    [Fact]
    public async Task Get_UnknownPipelineAgainAndAgain_AsksStorageOncePerStaleness()
    {
        for (int i = 0; i < 20; i++)
        {
            await _cache.GetAsync("unknown-one", default);
        }

        _models.HeadReads.ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(6));
        await _cache.GetAsync("unknown-one", default);
        _models.HeadReads.ShouldBe(2);
    }

    [Fact]
    public async Task Get_StorageDownAtFirst_Is503ThenServes()
    {
        _models.Serve(1);
        _models.HeadFails = new IOException("down");
        ModelLookup found = await _cache.GetAsync("flights", default);
        found.Problem!.Status.ShouldBe(503);
        found.Problem.RetryAfterSeconds.ShouldBe(5);

        _models.HeadFails = null;
        _time.Advance(TimeSpan.FromSeconds(6));
        (await _cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(1);
    }

    // The first requests after a cold start come together: each waits for the one load, and none may look between its start and its end.
    [Fact]
    public async Task Get_ManyAtOnceBeforeTheFirstLoad_AllGetTheModel()
    {
        _models.Serve(1);
        var loader = new ModelLoader(_models, onnx => new VersionedPredictor(onnx.Span[0]), new WindowCounters("0123abcd"));
        for (int start = 0; start < 500; start++)
        {
            using var cold = new ModelCache(_models, loader, Options.Create(new ScoringOptions()), _time, NullLogger<ModelCache>.Instance);
            using var together = new Barrier(3);
            ModelLookup[] found = await Task.WhenAll(Enumerable.Range(0, together.ParticipantCount).Select(_ => Task.Factory.StartNew(() =>
            {
                together.SignalAndWait();
                return cold.GetAsync("flights", default).AsTask();
            }, TaskCreationOptions.LongRunning).Unwrap()));

            found.ShouldAllBe(lookup => lookup.Model != null, $"start {start}");
        }
    }

    [Fact]
    public async Task Get_ProcessEndsBeforeTheFirstLoad_Is503()
    {
        _models.Gate = new TaskCompletionSource();
        ValueTask<ModelLookup> waiting = _cache.GetAsync("flights", default);
        await Eventually.HoldsAsync(() => _models.HeadReads == 1, "the read of the head");
        _cache.Dispose();
        (await waiting).Problem!.Status.ShouldBe(503);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_NamedVersionWhoseLoadFailedOrTimedOut_IsTriedAgain(bool timedOut)
    {
        _models.Serve(1);
        _models.Head = _models.Head with { LastVersion = 2, Aliases = [new ModelAlias("stable", 2, default, 1)] };
        _models.Damaged[2] = timedOut ? new TaskCanceledException("the request to storage timed out") : new IOException("no route");
        (await _cache.GetAsync("flights", "stable", default)).Problem!.Status.ShouldBe(503);

        _models.Damaged.Clear();
        _time.Advance(TimeSpan.FromSeconds(6));
        (await _cache.GetAsync("flights", "stable", default)).Model!.Model.Version.ShouldBe(2);
    }

    [Fact]
    public async Task Get_ManyInventedNames_DoNotStay()
    {
        for (int i = 0; i < 2500; i++)
        {
            (await _cache.GetAsync($"invented-{i}", default)).Problem!.Status.ShouldBe(404);
        }

        _cache.SlotCount.ShouldBeLessThan(1100);
    }
}
