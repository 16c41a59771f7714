using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Scoring;

public sealed class ModelCacheTests : IDisposable
{
    private readonly FakeModels models = new();
    private readonly ManualTimeProvider time = new();
    private readonly ModelCache cache;

    public ModelCacheTests()
    {
        var loader = new ModelLoader(models, onnx => new VersionedPredictor(onnx.Span[0]), new WindowCounters("0123abcd"));
        cache = new ModelCache(models, loader, Options.Create(new ScoringOptions()), time, NullLogger<ModelCache>.Instance);
    }

    public void Dispose() => cache.Dispose();

    [Fact]
    public async Task Get_WhileFresh_ReadsStorageOnce()
    {
        models.Serve(1);
        for (int i = 0; i < 10; i++)
        {
            (await cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(1);
        }

        models.HeadReads.ShouldBe(1);
    }

    [Fact]
    public async Task Get_PastStaleness_AnswersAtOnceAndSwapsBehind()
    {
        models.Serve(1);
        await cache.GetAsync("flights", default);
        models.Serve(2);
        models.Gate = new TaskCompletionSource();
        time.Advance(TimeSpan.FromSeconds(6));

        ValueTask<ModelLookup> stale = cache.GetAsync("flights", default);
        stale.IsCompleted.ShouldBeTrue("a request with a model at hand does not wait for storage");
        (await stale).Model!.Model.Version.ShouldBe(1);

        models.Gate.SetResult();
        await Eventually.HoldsAsync(() => cache.States().Single().Version == 2, "the swap");
        (await cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(2);
        models.HeadReads.ShouldBe(2);
    }

    [Fact]
    public async Task Get_AfterALongRest_WaitsForTheRefresh()
    {
        models.Serve(1);
        await cache.GetAsync("flights", default);
        models.Serve(2);
        time.Advance(TimeSpan.FromMinutes(10));
        (await cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(2);
    }

    [Fact]
    public async Task Get_AfterALongRestWithStorageHanging_AnswersWithTheLastGood()
    {
        models.Serve(1);
        await cache.GetAsync("flights", default);
        models.Gate = new TaskCompletionSource();
        time.Advance(TimeSpan.FromMinutes(10));
        Task<ModelLookup> waiting = cache.GetAsync("flights", default).AsTask();
        await Eventually.HoldsAsync(() => time.PendingTimers > 0, "the wait for the refresh");
        time.Advance(TimeSpan.FromSeconds(2));
        (await waiting).Model!.Model.Version.ShouldBe(1);
    }

    [Fact]
    public async Task Get_NewVersionDamaged_KeepsTheLastGoodReportsAndRecovers()
    {
        models.Serve(1);
        await cache.GetAsync("flights", default);
        models.Damaged[2] = new InvalidDataException("the bytes are not those");
        models.Serve(2);
        time.Advance(TimeSpan.FromSeconds(6));
        await cache.GetAsync("flights", default);
        await Eventually.HoldsAsync(() => cache.States().Single().Fault is not null, "the fault");
        cache.States().Single().ShouldSatisfyAllConditions(s => s.Version.ShouldBe(1), s => s.Fault!.ShouldContain("not those"));
        (await cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(1);

        models.Damaged.Clear();
        time.Advance(TimeSpan.FromSeconds(6));
        await cache.GetAsync("flights", default);
        await Eventually.HoldsAsync(() => cache.States().Single().Version == 2, "the recovery");
        cache.States().Single().Fault.ShouldBeNull();
    }

    [Theory]
    [InlineData("unknown-one", "not known")]
    [InlineData("No Such/Name", "cannot name a pipeline")]
    [InlineData("flights", "none of them serves")]
    public async Task Get_NothingServes_Is404WithTheFix(string pipeline, string expected)
    {
        models.Head = models.Head with { LastVersion = 2 };
        ModelLookup found = await cache.GetAsync(pipeline, default);
        found.Model.ShouldBeNull();
        found.Problem!.Status.ShouldBe(404);
        found.Problem.Detail.ShouldContain(expected);
    }

    [Fact]
    public async Task Get_UnknownPipelineAgainAndAgain_AsksStorageOncePerStaleness()
    {
        for (int i = 0; i < 20; i++)
        {
            await cache.GetAsync("unknown-one", default);
        }

        models.HeadReads.ShouldBe(1);
        time.Advance(TimeSpan.FromSeconds(6));
        await cache.GetAsync("unknown-one", default);
        models.HeadReads.ShouldBe(2);
    }

    [Fact]
    public async Task Get_StorageDownAtFirst_Is503ThenServes()
    {
        models.Serve(1);
        models.HeadFails = new IOException("down");
        ModelLookup found = await cache.GetAsync("flights", default);
        found.Problem!.Status.ShouldBe(503);
        found.Problem.RetryAfterSeconds.ShouldBe(5);

        models.HeadFails = null;
        time.Advance(TimeSpan.FromSeconds(6));
        (await cache.GetAsync("flights", default)).Model!.Model.Version.ShouldBe(1);
    }

    // The first requests after a cold start come together: each waits for the one load, and none may look between its start and its end.
    [Fact]
    public async Task Get_ManyAtOnceBeforeTheFirstLoad_AllGetTheModel()
    {
        models.Serve(1);
        var loader = new ModelLoader(models, onnx => new VersionedPredictor(onnx.Span[0]), new WindowCounters("0123abcd"));
        for (int start = 0; start < 500; start++)
        {
            using var cold = new ModelCache(models, loader, Options.Create(new ScoringOptions()), time, NullLogger<ModelCache>.Instance);
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
        models.Gate = new TaskCompletionSource();
        ValueTask<ModelLookup> waiting = cache.GetAsync("flights", default);
        await Eventually.HoldsAsync(() => models.HeadReads == 1, "the read of the head");
        cache.Dispose();
        (await waiting).Problem!.Status.ShouldBe(503);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_NamedVersionWhoseLoadFailedOrTimedOut_IsTriedAgain(bool timedOut)
    {
        models.Serve(1);
        models.Head = models.Head with { LastVersion = 2, Aliases = [new ModelAlias("stable", 2, default, 1)] };
        models.Damaged[2] = timedOut ? new TaskCanceledException("the request to storage timed out") : new IOException("no route");
        (await cache.GetAsync("flights", "stable", default)).Problem!.Status.ShouldBe(503);

        models.Damaged.Clear();
        time.Advance(TimeSpan.FromSeconds(6));
        (await cache.GetAsync("flights", "stable", default)).Model!.Model.Version.ShouldBe(2);
    }

    [Fact]
    public async Task Get_ManyInventedNames_DoNotStay()
    {
        for (int i = 0; i < 2500; i++)
        {
            (await cache.GetAsync($"invented-{i}", default)).Problem!.Status.ShouldBe(404);
        }

        cache.SlotCount.ShouldBeLessThan(1100);
    }
}
