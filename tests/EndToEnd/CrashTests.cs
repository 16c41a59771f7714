using ServerlessMlops.EndToEnd.Harness;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.EndToEnd;

/// <summary>
/// The app is killed without warning in every stage of the way from an upload to a model that serves, and started again. Whatever had been
/// done is found, whatever had not is done: one run of each kind, one version, one promotion.
/// </summary>
public abstract class CrashTests(AzuriteFixture azurite)
{
    /// <summary>Kills an app at a moment after an upload, starts the next, and sees that it ends what was begun, once.</summary>
    private protected async Task KillAsync(Func<AppProcess, string, Task> moment)
    {
        string pipeline = azurite.UniqueName("crash");
        await using (AppProcess first = await AppProcess.StartAsync(azurite.ConnectionString))
        {
            await first.PutSpecAsync(pipeline, Uploads.Spec);
            await Uploads.DropAsync(azurite.ConnectionString, $"{pipeline}/birds.csv", Uploads.Rows(1500));
            await moment(first, pipeline);
            await first.KillAsync();
        }

        await EndsWithOneVersionAsync(pipeline);
    }

    private async Task EndsWithOneVersionAsync(string pipeline)
    {
        await using AppProcess second = await AppProcess.StartAsync(azurite.ConnectionString);
        RunView rollout = await second.RunAsync(pipeline, "the rollout has ended", run => run.Kind == "rollout" && run.IsEnded);
        rollout.Status.ShouldBe("succeeded", rollout.ToString());
        await second.RunAsync(pipeline, "the training has ended", run => run.Kind == "training" && run.IsEnded);
        IReadOnlyList<RunView> runs = await second.RunsAsync(pipeline);

        runs.ShouldAllBe(run => run.Status == "succeeded", string.Join("\n", runs));
        runs.Select(run => run.Kind).Order(StringComparer.Ordinal).ShouldBe(["ingestion", "rollout", "training"]);
        (await second.VersionsAsync(pipeline)).ShouldBe([1]);
        (await second.LiveAsync(pipeline)).ShouldBe(1);
        (await second.LedgerAsync(pipeline)).ShouldBe(["specChanged", "registered 1", "promoted 1"]);
    }
}

/// <summary>In each stage, as far as it can be seen.</summary>
public sealed class KillInStageTests(AzuriteFixture azurite) : CrashTests(azurite), IClassFixture<AzuriteFixture>
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(5);

    /// <summary>A stage may be over before it is seen; then the kill comes a little later, which is a moment worth trying as well.</summary>
    [Theory]
    [InlineData("ingestion", "reading")]
    [InlineData("training", "assembling")]
    [InlineData("training", "training")]
    [InlineData("training", "gates")]
    [InlineData("rollout", "promoting")]
    public Task Kill_InStage_EndsWithExactlyOneVersion(string kind, string stage) => KillAsync((app, pipeline) =>
        app.RunAsync(pipeline, $"a {kind} at '{stage}'", run => run.Kind == kind && (run.Stage == stage || run.IsEnded), Often));
}

/// <summary>At moments between and inside the stages that no row tells of.</summary>
public sealed class KillSomeTimeAfterTheUploadTests(AzuriteFixture azurite) : CrashTests(azurite), IClassFixture<AzuriteFixture>
{
    // Not a wait for something: the moment itself is what is tried.
    [Theory]
    [InlineData(0)]
    [InlineData(150)]
    [InlineData(400)]
    [InlineData(900)]
    public Task Kill_SomeTimeAfterTheUpload_EndsWithExactlyOneVersion(int milliseconds) =>
        KillAsync((_, _) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System));
}
