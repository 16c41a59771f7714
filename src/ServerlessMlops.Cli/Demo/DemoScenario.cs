using ServerlessMlops.Cli.Commands;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Scoring;
using ServerlessMlops.Cli.Storage;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Cli.Demo;

/// <summary>
/// The demo against a running app: only what any user could do, through the upload container and HTTP. Every step may find its work done by an
/// earlier demo, and then leaves it so.
/// </summary>
internal sealed class DemoScenario(Uri url, string connection, string sample, TimeSpan limit, Reporter reporter, TimeProvider time)
{
    /// <summary>The demo's pipeline.</summary>
    public const string Pipeline = "birdstrikes";

    private const string FirstUpload = "1990-1997.csv";
    private const string HeldBack = "2002-05-to-07.csv";
    private const int ScoredRows = 8;
    private const int SkippedRows = 210;

    public async Task<DemoFacts> RunAsync(CancellationToken cancellation)
    {
        using var client = new ControlPlaneClient(url, key: null, actor: "demo", time);
        long started = time.GetTimestamp();
        await reporter.StepAsync("Write the pipeline's spec", async _ =>
        {
            await client.PutSpecAsync(Pipeline, await File.ReadAllTextAsync(Path.Combine(sample, Pipeline + ".yaml"), cancellation), cancellation);
            return $"{Pipeline}.yaml";
        });

        UploadResult upload = await reporter.StepAsync("Upload the first file", async progress =>
        {
            UploadResult uploaded = await PushCommand.PushAsync(
                UploadContainer.Connect(connection), Path.Combine(sample, "uploads", FirstUpload), Pipeline, null, force: false, progress, cancellation);
            return (uploaded, PushCommand.Describe(uploaded));
        });

        var follower = new RunFollower(client, Pipeline, limit, time);
        Run ingestion = await reporter.StepAsync("Check and keep the data", async progress =>
        {
            Run run = await follower.FollowAsync(
                "ingestion", r => r.Kind == RunKind.Ingestion && r.Inputs.Any(i => i.Kind == "upload" && i.Id == upload.Path), progress, cancellation);
            return (run, Summary(run, "batch"));
        });
        Run training = await reporter.StepAsync("Train and judge models", async progress =>
        {
            Run run = await follower.FollowAsync(
                "training", r => r.Kind == RunKind.Training && r.StartedAt >= ingestion.StartedAt, progress, cancellation);
            return (run, Summary(run, "model"));
        });
        DeploymentView deployment = await reporter.StepAsync("Roll out the winner", async _ =>
        {
            DeploymentView live = await follower.UntilAsync("rollout", () => FindLiveAsync(client, follower, training, cancellation), cancellation);
            return (live, $"version {live.Live!.Version} serves");
        });

        Page<ModelItem> models = await client.ListModelsAsync(Pipeline, null, cancellation);
        ModelItem model = models.Items.FirstOrDefault(m => m.Version == deployment.Live!.Version)
            ?? throw CliException.Failed($"Version {deployment.Live!.Version} serves, but is not among the models of '{Pipeline}'.");
        IReadOnlyList<DemoPrediction> predictions = await reporter.StepAsync("Score held-back rows", async _ =>
        {
            IReadOnlyList<DemoPrediction> scored = await ScoreAsync(client, cancellation);
            return (scored, $"{scored.Count} rows of 2002");
        });
        return new DemoFacts
        {
            Pipeline = Pipeline,
            Url = url.AbsoluteUri,
            Repeated = !upload.Uploaded,
            Upload = upload.Path,
            IngestionRun = ingestion.Id,
            BatchId = Output(ingestion, "batch"),
            TrainingRun = training.Id,
            DatasetId = Output(training, "dataset") ?? model.DatasetId,
            Version = model.Version,
            ModelId = model.ModelId,
            Candidate = model.Candidate,
            Versions = models.Items.Count,
            Metrics = model.Metrics,
            Predictions = predictions,
            Seconds = Math.Round(time.GetElapsedTime(started).TotalSeconds, 2),
        };
    }

    /// <summary>What serves, once something does and no rollout after the training is under way.</summary>
    private static async Task<DeploymentView?> FindLiveAsync(ControlPlaneClient client, RunFollower follower, Run training, CancellationToken cancellation)
    {
        Run? rollout = await follower.FindAsync(r => r.Kind == RunKind.Rollout && r.StartedAt >= training.StartedAt, cancellation);
        if (rollout is { Status: RunStatus.Rejected or RunStatus.Failed or RunStatus.Cancelled })
        {
            throw CliException.Failed(
                $"The rollout ended as {rollout.Status.ToString().ToLowerInvariant()} at '{rollout.Stage}': {rollout.Reason ?? "no reason was recorded"} (run {rollout.Id}).");
        }

        DeploymentView deployment = await client.GetDeploymentAsync(Pipeline, cancellation);
        return deployment.Live is null || rollout is { IsEnded: false } ? null : deployment;
    }

    private async Task<IReadOnlyList<DemoPrediction>> ScoreAsync(ControlPlaneClient client, CancellationToken cancellation)
    {
        string file = Path.Combine(sample, "scoring", HeldBack);
        CsvRows rows = CsvRows.Read(file, SkippedRows, ScoredRows);
        CsvRows labels = CsvRows.Read(Path.Combine(sample, "labels", HeldBack), 0, int.MaxValue);
        Dictionary<string, string> actual = labels.Rows.ToDictionary(row => row[labels.IndexOf("strike_id")], row => row[labels.IndexOf("damaged")]);
        ScoredRows scored = await RowScorer.ScoreAsync(client, Pipeline, null, file, SkippedRows, ScoredRows, cancellation);
        string Field(int row, string name) => rows.Rows[row][rows.IndexOf(name)];
        return
        [
            .. scored.Answer.Predictions.Select((prediction, i) => new DemoPrediction(
                Field(i, "strike_id"),
                $"{Field(i, "flight_date")}  {Field(i, "aircraft")}, {Field(i, "phase").ToLowerInvariant()}, {Field(i, "wildlife_species").ToLowerInvariant()}",
                prediction,
                actual[Field(i, "strike_id")])),
        ];
    }

    private static string Summary(Run run, string kind)
    {
        RunArtifact? made = run.Outputs.FirstOrDefault(o => o.Kind == kind);
        string what = made is null ? run.Stage : $"{kind} {Format.Id(made.Id)}{(made.Detail is null ? "" : $": {made.Detail}")}";
        return run.Status == RunStatus.Cached ? $"{what} (known already)" : what;
    }

    private static string? Output(Run run, string kind) => run.Outputs.FirstOrDefault(o => o.Kind == kind)?.Id;
}
