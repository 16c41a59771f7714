using System.Text.Json;
using ServerlessMlops.Cli.Tests.ControlPlane;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Cli.Tests.Commands;

/// <summary>What people decide: approvals, cancelled and retried runs, and whether the ledger is whole.</summary>
public sealed class GovernanceVerbsTests : IAsyncLifetime
{
    private FakeControlPlane _app = null!;

    public async Task InitializeAsync() => _app = await FakeControlPlane.StartAsync();

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task Approve_NoVersionNamed_DecidesOnTheOneThatWaits()
    {
        _app.On("GET /api/pipelines/birds/runs", new { items = new[] { Samples.Run(RunKind.Training, RunStatus.Succeeded, "registered"), Samples.Run(RunKind.Approval, RunStatus.Waiting, "approval") with { Id = "approval-birds-3" } } });
        _app.On("POST /api/pipelines/birds/runs/approval-birds-3/approval", Version(3));

        CliOutcome outcome = await RunAsync("approve", "-p", "birds", "--why", "numbers hold");

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("Version 3 of 'birds' is approved by unverified:ada");
        JsonDocument.Parse(_app.Requests.Last().Body).RootElement.ToString().ShouldBe("""{"decision":"approve","why":"numbers hold"}""");
    }

    [Fact]
    public async Task Approve_Declined_SaysSo()
    {
        _app.On("POST /api/pipelines/birds/runs/approval-birds-3/approval", Version(3));

        CliOutcome outcome = await RunAsync("approve", "3", "-p", "birds", "--decline", "--why", "too slow");

        outcome.Output.ShouldContain("declined");
        _app.Requests.Single().Body.ShouldContain("\"decision\":\"decline\"");
    }

    [Fact]
    public async Task Approve_WithoutAReason_IsAUsageError() => (await RunAsync("approve", "3", "-p", "birds")).ExitCode.ShouldBe(ExitCode.Usage);

    [Fact]
    public async Task Approve_NothingWaits_SaysSo()
    {
        _app.On("GET /api/pipelines/birds/runs", new { items = Array.Empty<object>() });

        (await RunAsync("approve", "-p", "birds", "--why", "w")).Error.ShouldContain("No version of pipeline 'birds' waits for approval");
    }

    [Fact]
    public async Task Cancel_NoRunNamed_EndsTheNewestThatRuns()
    {
        _app.On("GET /api/pipelines/birds/runs", new { items = new[] { Samples.Run(RunKind.Rollout, RunStatus.Running, "live"), Samples.Run(RunKind.Training, RunStatus.Running, "training") with { Id = "train-birds-2" } } });
        _app.On("POST /api/pipelines/birds/runs/train-birds-2/cancel", new { pipeline = "birds", runId = "train-birds-2", status = "cancelled" });

        CliOutcome outcome = await RunAsync("cancel", "-p", "birds", "--why", "wrong file");

        outcome.Output.ShouldContain("Run train-birds-2 is cancelled.");
        _app.Requests.Last().Body.ShouldBe("""{"why":"wrong file"}""");
    }

    [Fact]
    public async Task Retry_ANamedRun_TellsWhichOneTriesAgain()
    {
        _app.On("POST /api/pipelines/birds/runs/train-birds-2/retry", new { pipeline = "birds", runId = "train-birds-3", status = "failed" });

        (await RunAsync("retry", "train-birds-2", "-p", "birds")).Output.ShouldContain("Run train-birds-3 tries it again");
    }

    [Fact]
    public async Task Retry_NothingFailed_SaysSo()
    {
        _app.On("GET /api/pipelines/birds/runs", new { items = new[] { Samples.Run(RunKind.Training, RunStatus.Succeeded, "registered") } });

        CliOutcome outcome = await RunAsync("retry", "-p", "birds");

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("None of the newest runs of pipeline 'birds' failed");
    }

    [Fact]
    public async Task Ledger_OfAPipeline_ListsItsLines()
    {
        var line = new LedgerEntry
        {
            Number = 7, At = DateTimeOffset.UnixEpoch, Action = LedgerAction.AliasSet, Actor = "ada", Version = 2, Why = "for [beta] users", Evidence = "by hand", Alias = "beta",
            PreviousHash = LedgerEntry.Genesis,
        };
        _app.On("GET /api/pipelines/birds/ledger", new { items = new[] { line } });

        string output = (await RunAsync("ledger", "-p", "birds")).Output;

        output.ShouldContain("alias set beta");
        output.ShouldContain("for [beta] users");
    }

    [Theory]
    [InlineData(true, ExitCode.Success, "The ledger is whole")]
    [InlineData(false, ExitCode.Failed, "Line 2 was changed")]
    public async Task LedgerVerify_ByOutcome_TellsAndExits(bool valid, int exitCode, string text)
    {
        _app.On("GET /api/pipelines/birds/ledger/verify", new LedgerVerification(valid, 5, 1, LedgerEntry.Genesis, valid ? [] : [new LedgerFault(2, "Line 2 was changed")]));

        CliOutcome outcome = await RunAsync("ledger", "verify", "-p", "birds");

        outcome.ExitCode.ShouldBe(exitCode);
        outcome.Output.ShouldContain(text);
    }

    private static ModelVersion Version(int version) => new()
    {
        Version = version, ModelId = "m", DatasetId = "d", SpecHash = "s", Candidate = "linear", RunId = "r", CreatedAt = DateTimeOffset.UnixEpoch, Metrics = new Dictionary<string, double>(),
        Approval = new ModelApproval(ApprovalState.Approved, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch) { DecidedBy = "unverified:ada" },
    };

    private Task<CliOutcome> RunAsync(params string[] arguments) => CliRunner.RunAsync([.. arguments, "--url", _app.Url]);
}
