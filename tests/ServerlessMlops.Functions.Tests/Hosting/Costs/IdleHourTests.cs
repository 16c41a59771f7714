using System.Text.Json;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.TestSupport;
using ServerlessMlops.TestSupport.Time;
using Xunit.Abstractions;

namespace ServerlessMlops.Functions.Tests.Hosting.Costs;

/// <summary>
/// What an hour in which nothing happens costs: the whole app with the timers and schedules that it ships with, on a clock that the test moves from minute to minute.
/// The arithmetic of decision 0052 rests on these counts.
/// </summary>
public sealed class IdleHourTests(IdleHourTests.IdleApp app, ITestOutputHelper output) : IClassFixture<IdleHourTests.IdleApp>
{
    /// <summary>Transactions of an hour in which nothing happens: so many, and so many for each pipeline with a live model.</summary>
    private const int Budget = 100;

    private const int BudgetPerPipeline = 30;

    private const int Pipelines = 2;

    [Fact]
    public async Task IdleHour_OfAllTimers_StaysWithinItsBudget()
    {
        for (int i = 1; i <= Pipelines; i++)
        {
            string pipeline = app.NewPipeline("idle");
            (await app.TrainAsync(pipeline, TestApp.Spec, seed: i)).Status.ShouldBe(RunStatus.Succeeded);
            await app.RunAsync(pipeline, "the roll-out has ended", run => run is { Kind: RunKind.Rollout, IsEnded: true });
        }

        // Noon of the next day: past the nightly timers, which then have done what there was to do.
        using var counter = new StorageTransactions(app.ConnectionString, everywhere: true);
        await app.StopTimePassingAsync();
        await QuietAsync(counter);
        DateTimeOffset noon = app.Clock.GetUtcNow().Date.AddDays(1).AddHours(12);
        while (app.Clock.GetUtcNow() < noon)
        {
            app.Clock.AdvanceTo(app.Clock.GetUtcNow().Date.AddHours(app.Clock.GetUtcNow().Hour + 1));
            await QuietAsync(counter);
        }

        counter.Clear();
        for (int minute = 0; minute < 60; minute++)
        {
            app.Clock.Advance(TimeSpan.FromMinutes(1));
            await QuietAsync(counter);
        }

        foreach ((string function, int count) in counter.ByFunction.OrderBy(pair => pair.Key))
        {
            output.WriteLine($"{(function.Length == 0 ? "beside functions" : function)}: {counter.Executions.GetValueOrDefault(function)} calls, {count} transactions");
        }

        output.WriteLine(counter.ToString());
        foreach ((string function, int calls) in ((string, int)[])[("Reconcile", 12), ("AlertSweep", 12), ("RunWatchdog", 4), ("Monitor", 1), ("CheckModel", Pipelines)])
        {
            counter.Executions.GetValueOrDefault(function).ShouldBe(calls, $"{function}; called were {string.Join(", ", counter.Executions)}");
        }

        counter.ByFunction.GetValueOrDefault("").ShouldBe(0, "scorers that count nothing write nothing");
        counter.Total.ShouldBeInRange(50, Budget + (BudgetPerPipeline * Pipelines));
    }

    /// <summary>Waits until no function runs and storage has not been asked for anything for a while.</summary>
    private static async Task QuietAsync(StorageTransactions counter)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        int? mark = null;
        for (int still = 0; still < 4; still = mark is not null && counter.Mark == mark ? still + 1 : 0)
        {
            deadline.IsCancellationRequested.ShouldBeFalse("the app does not come to rest");
            mark = counter.Mark;
            await Task.Delay(TimeSpan.FromMilliseconds(40), TimeProvider.System);
        }
    }

    /// <summary>The app on a clock of its own, which passes as others do until the test takes it in hand.</summary>
    public sealed class IdleApp : TestApp
    {
        private CancellationTokenSource _passing = new();
        private Task _time = Task.CompletedTask;

        public ManualTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()));

        public async Task StopTimePassingAsync()
        {
            await _passing.CancelAsync();
            await _time;
            _passing.Dispose();
        }

        // The host waits, as it ends, for what it has begun: by this clock.
        public override async Task DisposeAsync()
        {
            LetTimePass();
            await base.DisposeAsync();
            await StopTimePassingAsync();
        }

        protected override string Schedule(string setting) => JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "local.settings.sample.json")))
            .RootElement.GetProperty("Values").GetProperty(setting).GetString()!;

        protected override void Configure(FunctionsApplicationBuilder builder)
        {
            builder.Services.AddSingleton<TimeProvider>(Clock);
            LetTimePass();
        }

        private void LetTimePass()
        {
            _passing = new CancellationTokenSource();
            CancellationToken ended = _passing.Token;
            _time = Task.Run(async () =>
            {
                while (!ended.IsCancellationRequested)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
                    Clock.Advance(TimeSpan.FromMilliseconds(50));
                }
            });
        }
    }
}
