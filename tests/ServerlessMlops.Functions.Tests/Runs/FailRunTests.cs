using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Tests.Rollout;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Runs;

public sealed class FailRunTests
{
    private readonly MemoryRuns _runs = new();
    private readonly KeptAlerts _alerts = new();
    private readonly ManualTimeProvider _time = new();

    [Theory]
    [InlineData(RunKind.Ingestion, "Start a training by hand")]
    [InlineData(RunKind.Training, "Promote the version by hand")]
    public async Task FailRun_OfARunThatEndedWell_TellsThatWhatWasToFollowDidNot(RunKind kind, string advice)
    {
        await FailAsync(kind, RunStatus.Succeeded);

        (await _runs.GetAsync("birds", "run-1", default))!.Status.ShouldBe(RunStatus.Succeeded);
        AlertEvent told = _alerts.Raised.ShouldHaveSingleItem();
        (told.Topic, told.Evidence).ShouldBe((AlertTopic.Failed, "run-1"));
        told.Detail.ShouldContain("HandOver failed after its retries");
        told.Detail.ShouldContain(advice);
    }

    [Fact]
    public async Task FailRun_OfARunThatWasCancelled_TellsNothing()
    {
        await FailAsync(RunKind.Training, RunStatus.Cancelled);
        _alerts.Raised.ShouldBeEmpty();
    }

    private async Task FailAsync(RunKind kind, RunStatus ended)
    {
        await _runs.StartAsync(new Run { Pipeline = "birds", Id = "run-1", Kind = kind, Status = ended, Stage = "registered", StartedAt = _time.GetUtcNow(), EndedAt = _time.GetUtcNow() }, default);
        await new RunActivities(_runs, new RunEnds(_runs, _alerts, _time)).FailRun(new RunFailure("birds", "run-1", "HandOver failed after its retries: busy."), default);
    }
}
