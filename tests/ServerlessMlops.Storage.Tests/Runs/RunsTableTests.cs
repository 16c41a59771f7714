using Azure.Data.Tables;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Storage.Runs;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Runs;

public class RunsTableTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly RunsTable _runs = new(new TableServiceClient(azurite.ConnectionString));

    [Fact]
    public async Task StartAsync_Twice_TheFirstStands()
    {
        string pipeline = azurite.UniqueName();
        await _runs.StartAsync(Run(pipeline, "r1", Noon), default);

        Run again = await _runs.StartAsync(Run(pipeline, "r1", Noon.AddHours(1)), default);

        again.StartedAt.ShouldBe(Noon);
        (await _runs.ListAsync(pipeline, 10, null, default)).Items.Count.ShouldBe(1);
    }

    [Fact]
    public async Task UpdateAsync_AnEndedRun_StaysAsItIs_UnlessItIsStartedAgain()
    {
        string pipeline = azurite.UniqueName();
        await _runs.StartAsync(Run(pipeline, "r1", Noon), default);
        await _runs.UpdateAsync(pipeline, "r1", run => run with { Status = RunStatus.Succeeded, Stage = "kept" }, default);

        (await _runs.UpdateAsync(pipeline, "r1", run => run with { Status = RunStatus.Failed }, default)).Status.ShouldBe(RunStatus.Succeeded);
        (await _runs.UpdateAsync(pipeline, "r1", run => run with { Status = RunStatus.Running, Attempt = 2 }, default)).Attempt.ShouldBe(2);
        (await _runs.GetAsync(pipeline, "r1", default))!.Status.ShouldBe(RunStatus.Running);
    }

    [Fact]
    public async Task ListOpenAsync_RunsThatEndedAndStartedAgain_AreThereWhileTheyGoOn()
    {
        string pipeline = azurite.UniqueName();
        await _runs.StartAsync(Run(pipeline, "r1", Noon), default);
        await _runs.StartAsync(Run(pipeline, "r2", Noon), default);
        await _runs.UpdateAsync(pipeline, "r2", run => run with { Status = RunStatus.Waiting }, default);
        (await OpenAsync()).ShouldBe([("r1", RunStatus.Running), ("r2", RunStatus.Waiting)]);

        await _runs.UpdateAsync(pipeline, "r1", run => run with { Status = RunStatus.Failed }, default);
        (await OpenAsync()).ShouldBe([("r2", RunStatus.Waiting)]);

        await _runs.UpdateAsync(pipeline, "r1", run => run with { Status = RunStatus.Running, Attempt = 2 }, default);
        (await OpenAsync()).Select(r => r.Id).ShouldBe(["r1", "r2"]);

        async Task<List<(string Id, RunStatus Status)>> OpenAsync()
        {
            List<(string, RunStatus)> open = [];
            await foreach (Run run in _runs.ListOpenAsync(pipeline, default))
            {
                open.Add((run.Id, run.Status));
            }

            return open;
        }
    }

    [Fact]
    public async Task ListAsync_Pages_NewestFirst()
    {
        string pipeline = azurite.UniqueName();
        foreach (int i in Enumerable.Range(0, 5))
        {
            await _runs.StartAsync(Run(pipeline, $"r{i}", Noon.AddMinutes(i)), default);
        }

        Core.Page<Run> first = await _runs.ListAsync(pipeline, 3, null, default);
        Core.Page<Run> second = await _runs.ListAsync(pipeline, 3, first.Next, default);

        first.Items.Concat(second.Items).Select(r => r.Id).ShouldBe(["r4", "r3", "r2", "r1", "r0"]);
        second.Next.ShouldBeNull();
    }

    [Fact]
    public async Task UpdateAsync_MoreArtifactsThanAPropertyHolds_KeepsWhatFitsAndSaysSo()
    {
        string pipeline = azurite.UniqueName();
        await _runs.StartAsync(Run(pipeline, "r1", Noon), default);

        await _runs.UpdateAsync(
            pipeline, "r1", run => run with { Reason = new string('x', 100_000), Inputs = [.. Enumerable.Range(0, 2000).Select(i => new RunArtifact("batch", $"{i:D64}"))] }, default);

        Run read = (await _runs.GetAsync(pipeline, "r1", default))!;
        read.Reason!.ShouldEndWith("(cut)");
        read.Inputs[^1].Kind.ShouldBe("more");
        (read.Inputs.Count - 1 + int.Parse(read.Inputs[^1].Id.Split(' ')[0])).ShouldBe(2000);
    }

    private static Run Run(string pipeline, string id, DateTimeOffset at) => new()
    {
        Pipeline = pipeline, Id = id, Kind = RunKind.Ingestion, Status = RunStatus.Running, Stage = "reading", StartedAt = at, Inputs = [new RunArtifact("upload", "p/a.csv")],
    };
}
