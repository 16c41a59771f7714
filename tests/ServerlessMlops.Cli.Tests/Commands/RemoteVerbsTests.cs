using System.Text.Json;
using ServerlessMlops.Cli.Tests.ControlPlane;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Rollout.Replay;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Cli.Tests.Commands;

public sealed class RemoteVerbsTests : IAsyncLifetime
{
    private FakeControlPlane _app = null!;

    public async Task InitializeAsync() => _app = await FakeControlPlane.StartAsync();

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task Runs_SomeRuns_ListsThemWithReasons()
    {
        _app.On("GET /api/pipelines/birdstrikes/runs", new
        {
            items = new[]
            {
                Samples.Run(RunKind.Ingestion, RunStatus.Rejected, "schema", "column 'damaged' is missing") with
                {
                    Inputs = [new RunArtifact("upload", "birdstrikes/[odd].csv")],
                },
                Samples.Run(RunKind.Training, RunStatus.Succeeded) with
                {
                    Inputs = [new RunArtifact("dataset", "d"), new RunArtifact("upload", "birdstrikes/1.csv"), new RunArtifact("upload", "birdstrikes/2.csv")],
                },
            },
            next = "more [1]",
        });

        CliOutcome outcome = await RunAsync("runs", "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Success);
        outcome.Output.ShouldContain("rejected");
        outcome.Output.ShouldContain("birdstrikes/[odd].csv");
        outcome.Output.ShouldContain("birdstrikes/2.csv and 1 before");
        outcome.Output.ShouldContain("column 'damaged' is missing");
        outcome.Output.ShouldContain("--next more [1]");
    }

    [Fact]
    public async Task Runs_AsJson_PrintsOneDocument()
    {
        _app.On("GET /api/pipelines/birdstrikes/runs", new { items = new[] { Samples.Run(RunKind.Training, RunStatus.Running, "training") } });

        CliOutcome outcome = await RunAsync("runs", "-p", "birdstrikes", "--json");

        using JsonDocument document = JsonDocument.Parse(outcome.Output);
        document.RootElement.GetProperty("items")[0].GetProperty("status").GetString().ShouldBe("running");
    }

    [Fact]
    public async Task Runs_NextGiven_IsPassedOn()
    {
        _app.On("GET /api/pipelines/birdstrikes/runs", new { items = Array.Empty<object>() });

        await RunAsync("runs", "-p", "birdstrikes", "--next", "a b&c");

        _app.Requests.Single().Query.ShouldBe("?next=a%20b%26c");
    }

    [Fact]
    public async Task Models_OneServes_MarksIt()
    {
        _app.On("GET /api/pipelines/birdstrikes/models", new { items = new[] { Samples.Model(2), Samples.Model(1) } });
        _app.On("GET /api/pipelines/birdstrikes/deployment", Samples.Deployment(1));

        CliOutcome outcome = await RunAsync("models", "-p", "birdstrikes");

        string[] lines = outcome.Output.Split('\n');
        lines.Single(line => line.Contains("serves", StringComparison.Ordinal)).ShouldContain("auc 0.8123");
        lines.Single(line => line.Contains("serves", StringComparison.Ordinal)).TrimStart().ShouldStartWith("1");
    }

    [Fact]
    public async Task Models_OneVersion_ShowsWhatItWasJudgedBy()
    {
        _app.On("GET /api/pipelines/birdstrikes/models/2", Samples.Card() with
        {
            Gates = [new GateVerdict("auc >= 0.7", Verdict.Passed, "auc is 0.8, and must be at least 0.7")],
            Tests = [new TestVerdict("invariant sex", Verdict.Failed, "it moves") { Severity = CheckSeverity.Warning }],
        });

        CliOutcome outcome = await RunAsync("models", "-p", "birdstrikes", "--version", "2");

        outcome.Output.ShouldContain("Version 2: boosting, judged on 1,000 rows");
        string[] lines = outcome.Output.Split('\n');
        lines.Single(line => line.Contains("auc >= 0.7", StringComparison.Ordinal)).ShouldContain("passed");
        lines.Single(line => line.Contains("invariant sex", StringComparison.Ordinal)).ShouldContain("failed");
    }

    [Fact]
    public async Task Promote_Version_SendsItWithReasonAndActor()
    {
        _app.On("POST /api/pipelines/birdstrikes/promote", Samples.Deployment(2, previous: 1));

        CliOutcome outcome = await RunAsync("promote", "2", "-p", "birdstrikes", "--why", "better on geese", "--key", "k1");

        outcome.Output.ShouldContain("Version 2 of 'birdstrikes' serves since");
        outcome.Output.ShouldContain("a rollback returns to version 1");
        Request request = _app.Requests.Single();
        JsonDocument.Parse(request.Body).RootElement.ToString().ShouldBe("""{"version":2,"why":"better on geese"}""");
        request.Headers["x-functions-key"].ShouldBe("k1");
        request.Headers["x-actor"].ShouldBe("ada");
    }

    [Fact]
    public async Task Promote_Alias_SendsTheName()
    {
        _app.On("POST /api/pipelines/birdstrikes/promote", Samples.Deployment(2, previous: 1));

        await RunAsync("promote", "green", "-p", "birdstrikes");

        JsonDocument.Parse(_app.Requests.Single().Body).RootElement.GetProperty("alias").GetString().ShouldBe("green");
        (await RunAsync("promote", "Not A Name", "-p", "birdstrikes")).Error.ShouldContain("neither a version");
    }

    [Theory]
    [InlineData("hold", "wait for ann")]
    [InlineData("resume", "ann is back")]
    public async Task HoldAndResume_SendTheReasonAndShowTheRollout(string verb, string why)
    {
        _app.On($"POST /api/pipelines/birdstrikes/{verb}", Rollout());

        CliOutcome outcome = await RunAsync(verb, "-p", "birdstrikes", "--why", why);

        outcome.ExitCode.ShouldBe(ExitCode.Success);
        outcome.Output.ShouldContain("Version 2 is being rolled out (canary)");
        JsonDocument.Parse(_app.Requests.Single().Body).RootElement.ToString().ShouldBe($$"""{"why":"{{why}}"}""");
    }

    [Fact]
    public async Task Rollback_NoVersionNamed_LeavesTheOneThatServes()
    {
        _app.On("GET /api/pipelines/birdstrikes/deployment", Samples.Deployment(3, previous: 2));
        _app.On("POST /api/pipelines/birdstrikes/rollback", Samples.Deployment(2, previous: 3));

        CliOutcome outcome = await RunAsync("rollback", "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Success);
        JsonDocument.Parse(_app.Requests.Last().Body).RootElement.GetProperty("version").GetInt32().ShouldBe(3);
    }

    [Fact]
    public async Task Rollback_NothingServes_SaysSoAndSendsNothing()
    {
        _app.On("GET /api/pipelines/birdstrikes/deployment", new { lastVersion = 0 });

        CliOutcome outcome = await RunAsync("rollback", "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("no version serves yet");
        _app.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Promote_AppRefuses_PrintsItsWordsAndFindings()
    {
        _app.On("POST /api/pipelines/birdstrikes/promote", _ => Answer.Problem(
            409, "Pipeline 'birdstrikes' has no model version 9.", new { line = 3, column = 5, path = "train.search", message = "unknown key" }, "a plain finding"));

        CliOutcome outcome = await RunAsync("promote", "9", "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldBe(
            "mlops: Pipeline 'birdstrikes' has no model version 9. (409)\n  - line 3, column 5: train.search: unknown key\n  - a plain finding\n",
            StringCompareShould.IgnoreLineEndings);
    }

    [Fact]
    public async Task Runs_AppWantsAKey_TellsHowToGiveIt()
    {
        _app.On("GET /api/pipelines/birdstrikes/runs", _ => new Answer(401, "text/plain", ""));

        CliOutcome outcome = await RunAsync("runs", "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("--key or MLOPS_KEY");
    }

    [Fact]
    public async Task Runs_AnswerIsNotOurs_SaysWhoAnswered()
    {
        _app.On("GET /api/pipelines/birdstrikes/runs", _ => new Answer(200, "text/html", "<html>hello</html>"));

        CliOutcome outcome = await RunAsync("runs", "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("Is it the address of a ServerlessMlops app of the same version?");
    }

    [Fact]
    public async Task Score_ModelTakesNumbersAndCategories_SendsThemTypedWithTheKey()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", "strike_id,phase,speed_knots,note\ns1,Climb,140,x\ns2,007,,y\ns3,Taxi,fast,z\n");
        _app.On("GET /api/pipelines/birdstrikes/deployment", Samples.Deployment(1));
        _app.On(
            "GET /api/pipelines/birdstrikes/models/1",
            Samples.Card(new FeatureSignature("phase", FeatureKind.Category), new FeatureSignature("speed_knots", FeatureKind.Number)));
        _app.On("POST /models/birdstrikes/invocations", _ => new Answer(200, "application/json", """{"predictions":[0.25,0.5,1],"version":1}"""));

        CliOutcome outcome = await RunAsync("score", file, "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        _app.Requests.Last().Body.ShouldBe(
            """{"dataframe_split":{"columns":["strike_id","phase","speed_knots"],"data":[["s1","Climb",140],["s2","007",null],["s3","Taxi","fast"]]}}""");
        outcome.Output.ShouldContain("s2");
        outcome.Output.ShouldContain("0.25");
    }

    [Fact]
    public async Task Score_FileLacksAColumn_NamesItAndSendsNothing()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", "strike_id\ns1\n");
        _app.On("GET /api/pipelines/birdstrikes/deployment", Samples.Deployment(1));
        _app.On("GET /api/pipelines/birdstrikes/models/1", Samples.Card(new FeatureSignature("phase", FeatureKind.Category)));

        CliOutcome outcome = await RunAsync("score", file, "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain("lacks column 'phase', which the model takes; it has 'strike_id'");
    }

    [Fact]
    public async Task Watch_UntilIdle_PrintsEachChangeOnce()
    {
        int calls = 0;
        _app.On("GET /api/pipelines/birdstrikes/runs", _ => Answer.Json(new
        {
            items = new[] { ++calls == 1 ? Samples.Run(RunKind.Training, RunStatus.Running, "training") : Samples.Run(RunKind.Training, RunStatus.Succeeded) },
        }));

        CliOutcome outcome = await RunAsync("watch", "-p", "birdstrikes", "--until-idle");

        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2);
        lines[0].ShouldContain("running training");
        lines[1].ShouldContain("succeeded done");
    }

    [Fact]
    public async Task Promote_WhileARolloutRuns_ShowsItsStepAndEvidence()
    {
        _app.On("POST /api/pipelines/birdstrikes/promote", Rollout());

        CliOutcome outcome = await RunAsync("promote", "1", "-p", "birdstrikes");

        outcome.Output.ShouldContain("Version 2 is being rolled out (canary): step 1 of 2, 5% of the requests");
        outcome.Output.ShouldContain("wait: 5m of 30m are over");
        outcome.Output.ShouldContain("sound errors: 0 of 40 requests failed");
        outcome.Output.ShouldNotContain("performance");
    }

    [Fact]
    public async Task Rollback_WhileARolloutRuns_WithdrawsTheChallenger()
    {
        _app.On("GET /api/pipelines/birdstrikes/deployment", Rollout());
        _app.On("POST /api/pipelines/birdstrikes/rollback", Samples.Deployment(1));

        CliOutcome outcome = await RunAsync("rollback", "-p", "birdstrikes");

        outcome.ExitCode.ShouldBe(ExitCode.Success);
        _app.Requests.Last().Body.ShouldContain("\"version\":2");
    }

    [Fact]
    public async Task Watch_WhileARolloutRuns_TellsItsStepOnce()
    {
        int asked = 0;
        _app.On("GET /api/pipelines/birdstrikes/runs", _ => Answer.Json(new
        {
            items = new[] { Samples.Run(RunKind.Rollout, asked++ == 0 ? RunStatus.Running : RunStatus.Succeeded, "canary 5%") },
        }));
        _app.On("GET /api/pipelines/birdstrikes/deployment", Rollout());

        CliOutcome outcome = await RunAsync("watch", "-p", "birdstrikes", "--until-idle");

        outcome.Output.Split("is being rolled out").Length.ShouldBe(2);
    }

    [Fact]
    public async Task Replay_WithLabels_WaitsForTheReportAndPrintsIt()
    {
        string labels = Path.GetTempFileName();
        await File.WriteAllTextAsync(labels, "strike_id,other,damaged\nk1,x,yes\nk2,x,no\n");
        int asked = 0;
        var report = new ReplayReport(
            "birdstrikes", 2, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(1), ["Version 2 scored 3 logged row(s) again."], 0.1, 0.2, 0.3, 0.4, 0.05, new Dictionary<string, ReplayedMetric>(),
            new ReplaySums { Rows = 3, ByVersion = new Dictionary<int, ReplayedVersion> { [1] = new(3, 1, 0.6) } });
        _app.On("GET /api/pipelines/birdstrikes/models/2", Samples.Card() with { Key = "strike_id", Target = "damaged" });
        _app.On("POST /api/pipelines/birdstrikes/replays", _ => Answer.Json(new { pipeline = "birdstrikes", runId = "replay-birdstrikes-1" }, 202));
        _app.On("GET /api/pipelines/birdstrikes/replays/replay-birdstrikes-1", _ => asked++ == 0
            ? Answer.Json(new { pipeline = "birdstrikes", runId = "replay-birdstrikes-1" }, 202)
            : Answer.Json(report));

        CliOutcome outcome = await RunAsync("replay", "-p", "birdstrikes", "--version", "2", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T06:00:00Z", "--labels", labels);

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("3 logged row(s)");
        outcome.Output.ShouldContain("version 1");
        string body = _app.Requests.First(r => r.MethodAndPath.StartsWith("POST", StringComparison.Ordinal)).Body;
        body.ShouldContain("\"version\":2");
        body.ShouldContain("2026-01-01T06:00:00");
        body.ShouldContain("\"k1\":\"yes\"");
        File.Delete(labels);
    }

    [Fact]
    public async Task Replay_PeriodThatIsNone_SaysWhatIs()
    {
        CliOutcome outcome = await RunAsync("replay", "-p", "birdstrikes", "--version", "2", "--from", "yesterday");

        outcome.ExitCode.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain("--from is 'yesterday'");
    }

    private static object Rollout()
    {
        DateTimeOffset at = DateTimeOffset.UnixEpoch;
        return new
        {
            live = new LivePointer(1, at, null)
            {
                Shares = [new TrafficShare(1, 95), new TrafficShare(2, 5)],
                Salt = "s",
                Rollout = new RunningRollout("rollout-birdstrikes-2", 2, DeployStrategy.Canary, 0, at, at),
            },
            rollout = new
            {
                runId = "rollout-birdstrikes-2", version = 2, strategy = "canary", step = 1, steps = 2, share = 0.05, look = 1, at, nextLookAt = at.AddMinutes(5),
                judgement = new StepJudgement(StepVerdict.Wait, "5m of 30m are over; 40 request(s) of the 200 needed so far.", 40, 0.001,
                [
                    new RolloutSignal("errors", SignalVerdict.Sound, 40, 800, 0, 0.01, 1, "0 of 40 requests failed with version 2."),
                    new RolloutSignal("performance", SignalVerdict.Unknown, 0, 0, null, 0.05, null, "No labels."),
                ]),
            },
        };
    }

    private Task<CliOutcome> RunAsync(params string[] arguments) => CliRunner.RunAsync([.. arguments, "--url", _app.Url]);
}
