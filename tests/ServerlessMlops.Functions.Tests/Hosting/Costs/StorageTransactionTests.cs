using System.Globalization;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Alerts;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Tests.Hosting.Security;
using ServerlessMlops.TestSupport;
using Xunit.Abstractions;

namespace ServerlessMlops.Functions.Tests.Hosting.Costs;

/// <summary>What the app's own code asks of storage, held to budgets: the arithmetic of decision 0052 rests on these counts.</summary>
[Collection(KeyedAppCollection.Name)]
public sealed class StorageTransactionTests(KeyedApp app, ITestOutputHelper output)
{
    /// <summary>Transactions of an hour in which nothing happens: so many, and so many for each pipeline with a live model.</summary>
    private const int IdleHourBudget = 60;

    private const int IdleHourBudgetPerPipeline = 48;

    /// <summary>Transactions from an upload of 600 rows to the version that serves: ingestion, two candidates, judgement, registration, roll-out.</summary>
    private const int RunBudget = 240;

    [Fact]
    public async Task IdleHour_StaysWithinItsBudget()
    {
        int trained = 0;
        for (; trained < 2; trained++)
        {
            (await app.TrainAsync(app.NewPipeline("idle"), TestApp.Spec, seed: trained + 1)).Status.ShouldBe(RunStatus.Succeeded);
        }

        await QuietAsync();
        var services = app.Services;
        var monitor = Create<CheckModel>();
        string[] live = [];
        await TestApp.EventuallyAsync(async () => (live = await monitor.ListLivePipelines(null, default)).Length >= trained, () => $"{trained} pipelines serve; {live.Length} do");
        var reconciler = services.GetRequiredService<UploadReconciler>();
        var timer = new TimerInfo();
        DateTimeOffset until = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        // What a timer does once, times how often its schedule fires in an hour.
        JsonElement schedules = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "local.settings.sample.json"))).RootElement.GetProperty("Values");
        int total = 0;
        total += await HourlyAsync("Reconcile", schedules.GetProperty("RECONCILE_SCHEDULE").GetString()!, () => reconciler.Frequent(timer, app.Durable, default));
        total += await HourlyAsync("AlertSweep", schedules.GetProperty("RECONCILE_SCHEDULE").GetString()!, () => Create<AlertSweep>().SweepAsync(default));
        total += await HourlyAsync("RunWatchdog", ScheduleOf<RunWatchdog>(), () => Create<RunWatchdog>().WatchAsync(app.Durable, default));
        total += await HourlyAsync("Monitor", schedules.GetProperty("MONITOR_SCHEDULE").GetString()!, async () =>
        {
            // Each time the next hour's check, which follows on the report of the one before.
            until = until.AddHours(1);
            await monitor.ListLivePipelines(null, default);
            foreach (string pipeline in live)
            {
                await monitor.Run(new CheckInput(pipeline, until), app.Durable, default);
            }
        });
        int flushes = await HourlyAsync("WindowFlusher", "0 * * * * *", () => services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<WindowFlusher>().Single().FlushAsync(default));

        flushes.ShouldBe(0, "scorers that count nothing write nothing");
        total.ShouldBeLessThanOrEqualTo(IdleHourBudget + (IdleHourBudgetPerPipeline * live.Length), $"{live.Length} pipelines");
        output.WriteLine($"idle hour with {live.Length} pipelines: {total}");
    }

    [Fact]
    public async Task UploadToServingVersion_StaysWithinItsBudget()
    {
        await QuietAsync();
        using var counter = new StorageTransactions(app.ConnectionString, everywhere: true);
        string pipeline = app.NewPipeline("priced");
        await app.PutSpecAsync(pipeline, TestApp.Spec);
        counter.Clear();
        await app.UploadAsync($"{pipeline}/rows.csv", TestApp.Rows(600, 1));
        await app.RunAsync(pipeline, "the roll-out has ended", run => run is { Kind: RunKind.Rollout, IsEnded: true });

        // Waiting asks for the runs, which is ours too: one query each time. It is in the budget.
        output.WriteLine(counter.ToString());
        int listing = counter.Ours.Where(pair => pair.Key == "Blob list").Sum(pair => pair.Value);
        (counter.Total - listing).ShouldBeInRange(20, RunBudget);
    }

    private async Task<int> HourlyAsync(string name, string schedule, Func<Task> work)
    {
        await work(); // the first time looks whether tables are there
        using var counter = new StorageTransactions(app.ConnectionString);
        await counter.DuringAsync(work);
        int times = TimesAnHour(schedule);
        output.WriteLine($"{name}: {times} x {counter}");
        return times * counter.Total;
    }

    // Leave nothing running: what it does would be counted, or be the reason of a look.
    private async Task QuietAsync() => await TestApp.EventuallyAsync(
        async () =>
        {
            var store = app.Services.GetRequiredService<IRunLog>();
            await foreach (string pipeline in app.Services.GetRequiredService<Core.Pipelines.IPipelineStore>().ListAsync(default))
            {
                await foreach (Run run in store.ListOpenAsync(pipeline, default))
                {
                    return false;
                }
            }

            return true;
        },
        () => "no run is open");

    private T Create<T>() => ActivatorUtilities.CreateInstance<T>(app.Services);

    private static string ScheduleOf<T>() => typeof(T).GetMethods().SelectMany(method => method.GetParameters())
        .SelectMany(parameter => parameter.GetCustomAttributes(typeof(TimerTriggerAttribute), false).Cast<TimerTriggerAttribute>()).Single().Schedule;

    // The minutes field of a schedule that fires every hour: '*', 'a', 'a/b' or '*/b'.
    private static int TimesAnHour(string schedule)
    {
        string[] minute = schedule.Split(' ')[1].Split('/');
        int from = minute[0] == "*" ? 0 : int.Parse(minute[0], CultureInfo.InvariantCulture);
        return minute.Length == 2 ? ((59 - from) / int.Parse(minute[1], CultureInfo.InvariantCulture)) + 1 : minute[0] == "*" ? 60 : 1;
    }
}
