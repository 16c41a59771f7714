using ServerlessMlops.Cli.Tests.ControlPlane;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Cli.Tests.Commands;

public sealed class AlertsCommandTests : IAsyncLifetime
{
    private const string Id = "0123456789abcdef";
    private static readonly DateTimeOffset At = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private static readonly Alert Drift = new()
    {
        Id = Id, Pipeline = "birds", Topic = AlertTopic.Drift, Severity = AlertSeverity.Warning, Subject = "input speed", Title = "Input 'speed' drifted", Detail = "PSI 0.4.",
        Evidence = "report", State = AlertState.Firing, FirstAt = At, LastAt = At.AddHours(2), Occurrences = 3,
        Told = [new AlertTold("slack ALERTS_SLACK_URL", "birds-drift-1", AlertState.Firing, AlertSeverity.Warning, At)],
    };

    private FakeControlPlane _app = null!;

    public async Task InitializeAsync() => _app = await FakeControlPlane.StartAsync();

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task List_ShowsWhatHoldsUnlessAskedForAll()
    {
        _app.On("GET /api/pipelines/birds/alerts", new Page<Alert>([Drift, Drift with { Id = "fedcba9876543210", State = AlertState.Resolved }, Drift with { Id = "aaaaaaaaaaaaaaaa", Severity = AlertSeverity.Info }], null));

        CliOutcome holding = await RunAsync("alerts", "list", "-p", "birds", "--json");
        holding.ExitCode.ShouldBe(ExitCode.Success, holding.Error);
        holding.Output.ShouldContain(Id);
        holding.Output.ShouldNotContain("fedcba9876543210");
        (await RunAsync("alerts", "list", "-p", "birds", "--all", "--json")).Output.ShouldContain("fedcba9876543210");
        string text = (await RunAsync("alerts", "list", "-p", "birds")).Output.ReplaceLineEndings(" ");
        text.ShouldContain(Drift.Detail);
        text.ShouldNotContain("aaaaaaaaaaaaaaaa", customMessage: "what is only good to know is not wrong");
        text.ShouldNotContain("Withheld");
    }

    [Theory]
    [InlineData("alerts list", "alerts")]
    [InlineData("runs", "runs")]
    [InlineData("models", "models")]
    public async Task Listings_MisspeltPipeline_FailInsteadOfSayingThatAllIsWell(string verb, string path)
    {
        _app.On($"GET /api/pipelines/brids/{path}", new Page<Alert>([], null));
        _app.On("GET /api/pipelines/brids/deployment", new { pipeline = "brids" });
        _app.On("GET /api/pipelines", new { items = new[] { new { name = "birds" } } });

        CliOutcome outcome = await RunAsync([.. verb.Split(' '), "-p", "brids"]);

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("There is no pipeline 'brids'. Did you mean 'birds'? Those there are: birds.");
    }

    [Fact]
    public async Task List_NothingHolds_SaysSo_AndWhatIsGettingWellSaysHowFar()
    {
        _app.On("GET /api/pipelines/birds/alerts", new Page<Alert>([Drift with { State = AlertState.Resolved }], null));
        (await RunAsync("alerts", "list", "-p", "birds")).Output.ShouldContain("Nothing is wrong with pipeline birds now");
        _app.On("GET /api/pipelines/birds/alerts", new Page<Alert>([], null));
        _app.On("GET /api/pipelines", new { items = new[] { new { name = "birds" } } });
        (await RunAsync("alerts", "list", "-p", "birds")).Output.ShouldContain("Nothing was ever wrong with pipeline birds.");
        _app.On("GET /api/pipelines/birds/alerts", new Page<Alert>([Drift with { Clear = 1 }], null));
        (await RunAsync("alerts", "list", "-p", "birds", "--json")).Output.ShouldContain("\"clear\": 1");
        (await RunAsync("alerts", "list", "-p", "birds")).Output.ReplaceLineEndings(" ").ShouldNotContain("Nothing");
    }

    [Theory]
    [InlineData("ack", "acknowledge", "is looked after by unverified:ada")]
    [InlineData("resolve", "resolve", "is over, says unverified:ada")]
    public async Task AckAndResolve_SayWhoDidIt(string verb, string path, string said)
    {
        _app.On($"POST /api/pipelines/birds/alerts/{Id}/{path}", Drift with { State = AlertState.Acknowledged, AcknowledgedBy = "unverified:ada" });

        (await RunAsync("alerts", verb, Id, "-p", "birds")).Output.ReplaceLineEndings(" ").ShouldContain(said);
    }

    [Fact]
    public async Task Silence_TellsTheAppAndHowToEndIt()
    {
        _app.On("POST /api/pipelines/birds/silences", Silence.Of("birds", AlertTopic.Drift, "input *", At.AddHours(2), "maintenance", "unverified:ada", At));

        CliOutcome outcome = await RunAsync("alerts", "silence", "-p", "birds", "--topic", "drift", "--subject", "input *", "--for", "2h", "--why", "maintenance");

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("unsilence");
        _app.Requests.Single().Body.ShouldBe("""{"topic":"drift","subject":"input *","for":"2h","why":"maintenance"}""");
        (await RunAsync("alerts", "silence", "-p", "birds", "--for", "2h")).ExitCode.ShouldBe(ExitCode.Usage);
    }

    [Fact]
    public async Task Unsilence_EndsIt()
    {
        _app.On($"DELETE /api/pipelines/birds/silences/{Id}", Silence.Of("birds", null, null, At, "maintenance", "unverified:ada", At) with { Id = Id });

        (await RunAsync("alerts", "unsilence", Id, "-p", "birds")).Output.ShouldContain("is over");
    }

    [Fact]
    public async Task Show_TellsHowItWasDelivered()
    {
        _app.On($"GET /api/pipelines/birds/alerts/{Id}", new AlertView(Drift, [new AlertDelivery("birds", "birds-drift-1", "slack ALERTS_SLACK_URL", false, 5, At, "Answered 503.")]));

        (await RunAsync("alerts", "show", Id, "-p", "birds")).Output.ShouldContain("503");
    }

    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(true, false, 1)]
    [InlineData(false, false, 1)]
    public async Task Test_TellsEachOutcome_AndFailsWhereOneFailsOrNoneIsConfigured(bool configured, bool delivered, int exitCode)
    {
        _app.On("POST /api/pipelines/birds/alerts/test", new[]
        {
            new RehearsalOutcome("slack ALERTS_SLACK_URL", configured, delivered, 1, delivered ? "Answered 200." : "Answered 404."),
            new RehearsalOutcome("teams ALERTS_TEAMS_URL", false, false, 0, "App setting 'ALERTS_TEAMS_URL' is not set; the channel is not used."),
        });

        CliOutcome outcome = await RunAsync("alerts", "test", "-p", "birds");

        outcome.ExitCode.ShouldBe(exitCode, outcome.Error);
        outcome.Output.ShouldContain(delivered ? "200" : "404");
    }

    private Task<CliOutcome> RunAsync(params string[] arguments) => CliRunner.RunAsync([.. arguments, "--url", _app.Url]);
}
