using System.Text.Json;
using ServerlessMlops.Cli.Demo;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Tests.ControlPlane;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.TestSupport;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Cli.Tests.Demo;

public sealed class DemoScenarioTests : IAsyncLifetime
{
    private const string Runs = "GET /api/pipelines/birdstrikes/runs";

    private readonly StringWriter _output = new();
    private AzuriteProcess _azurite = null!;
    private FakeControlPlane _app = null!;

    public async Task InitializeAsync()
    {
        _azurite = await AzuriteProcess.StartAsync();
        _app = await FakeControlPlane.StartAsync();
        _app.On("PUT /api/pipelines/birdstrikes", new { });
        _app.On("GET /api/pipelines/birdstrikes/models", new { items = new[] { Samples.Model(1) } });
        _app.On("GET /api/pipelines/birdstrikes/models/1", Samples.Card(new FeatureSignature("phase", FeatureKind.Category)));
        _app.On("GET /api/pipelines/birdstrikes/deployment", Samples.Deployment(1));
        _app.On("POST /models/birdstrikes/invocations", request => Answer.Json(new
        {
            predictions = JsonDocument.Parse(request.Body).RootElement.GetProperty("dataframe_split").GetProperty("data").EnumerateArray().Select(_ => 0.125),
        }));
    }

    public async Task DisposeAsync()
    {
        await _app.DisposeAsync();
        await _azurite.DisposeAsync();
        await _output.DisposeAsync();
    }

    [Fact]
    public async Task Run_StagesPass_ShowsThemAndGivesTheFacts()
    {
        int calls = 0;
        _app.On(Runs, _ => Answer.Json(new { items = RunsAt(++calls) }));

        DemoFacts facts = await RunAsync();

        facts.Repeated.ShouldBeFalse();
        facts.Upload.ShouldBe("birdstrikes/1990-1997.csv");
        facts.BatchId.ShouldBe(new string('7', 64));
        facts.Version.ShouldBe(1);
        facts.Predictions.Count.ShouldBe(8);
        facts.Predictions.ShouldAllBe(p => p.Prediction.GetDouble() == 0.125 && p.Actual.Length > 0);
        string[] lines = [.. _output.ToString().Split('\n').Where(line => line.StartsWith("..", StringComparison.Ordinal)).Select(line => line.TrimEnd())];
        lines.ShouldBe(
        [
            ".. Check and keep the data: waiting for it to begin",
            ".. Check and keep the data: reading",
            ".. Train and judge models: waiting for it to begin",
            ".. Train and judge models: candidates",
        ]);
    }

    [Fact]
    public async Task Run_Again_UploadsNothingAndSaysSo()
    {
        _app.On(Runs, new { items = RunsAt(int.MaxValue) });
        await RunAsync();

        DemoFacts facts = await RunAsync();

        facts.Repeated.ShouldBeTrue();
        _output.ToString().ShouldContain("holds the same content already; nothing was written");
    }

    [Fact]
    public async Task Run_TrainingRejected_FailsWithItsReason()
    {
        _app.On(Runs, new
        {
            items = new[] { Samples.Run(RunKind.Training, RunStatus.Rejected, "gates", "auc is 0.61; expected auc >= 0.70"), Ingestion(RunStatus.Succeeded) },
        });

        CliException problem = await Should.ThrowAsync<CliException>(RunAsync);

        problem.ExitCode.ShouldBe(ExitCode.Failed);
        problem.Message.ShouldBe("The training ended as rejected at 'gates': auc is 0.61; expected auc >= 0.70 (run run-1).");
    }

    [Fact]
    public async Task Run_NothingBegins_GivesUpAndSaysWhereToLook()
    {
        _app.On(Runs, new { items = Array.Empty<object>() });

        CliException problem = await Should.ThrowAsync<CliException>(() => RunAsync(TimeSpan.FromSeconds(1)));

        problem.Message.ShouldContain("The ingestion was not done within 1.0 s: it has not begun.");
        problem.Message.ShouldContain("mlops runs --pipeline birdstrikes");
    }

    private static Run Ingestion(RunStatus status) => Samples.Run(RunKind.Ingestion, status, status == RunStatus.Running ? "reading" : "kept", id: "upload-1") with
    {
        Inputs = [new RunArtifact("upload", "birdstrikes/1990-1997.csv")],
        Outputs = status == RunStatus.Succeeded ? [new RunArtifact("batch", new string('7', 64), "5,365 rows")] : [],
    };

    /// <summary>The runs list as it grows from call to call.</summary>
    private static IReadOnlyList<Run> RunsAt(int call) => call switch
    {
        1 => [],
        2 => [Ingestion(RunStatus.Running)],
        3 or 4 => [Ingestion(RunStatus.Succeeded)],
        5 => [Samples.Run(RunKind.Training, RunStatus.Running, "candidates"), Ingestion(RunStatus.Succeeded)],
        _ => [Samples.Run(RunKind.Training, RunStatus.Succeeded), Ingestion(RunStatus.Succeeded)],
    };

    private Task<DemoFacts> RunAsync() => RunAsync(TimeSpan.FromMinutes(1));

    private Task<DemoFacts> RunAsync(TimeSpan limit)
    {
        var context = new CliContext
        {
            Output = _output,
            Error = TextWriter.Null,
            IsInteractive = false,
            WorkingDirectory = Path.GetTempPath(),
            Variable = _ => null,
        };
        var scenario = new DemoScenario(
            new Uri(_app.Url),
            _azurite.ConnectionString,
            Path.Combine(RepositoryRoot.Find(), "samples", "birdstrikes"),
            limit,
            new Reporter(context, json: false),
            TimeProvider.System);
        return scenario.RunAsync(CancellationToken.None);
    }
}
