using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Offline.Tests.Durable;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Monitoring;

public class MonitorTimerTests
{
    /// <summary>Twice at once, late within the slot, and the hour that comes twice when clocks go back: one round for each slot of UTC.</summary>
    [Fact]
    public async Task Run_TwiceLateAndOverTheClocksChange_OneRoundForEachSlot()
    {
        var rounds = new List<DateTimeOffset>();
        await using var durable = new DurableHost();
        durable.Orchestrator<MonitorInput, int>(nameof(MonitorOrchestrator), (_, input) =>
        {
            lock (rounds)
            {
                rounds.Add(input.Until);
            }

            return Task.FromResult(0);
        });
        await durable.StartAsync();
        var begin = new DateTimeOffset(2026, 10, 25, 0, 0, 5, TimeSpan.Zero); // 02:00 in Berlin; an hour later it is 02:00 again
        var time = new ManualTimeProvider(begin, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));
        MonitorTimer[] instances = [.. Enumerable.Range(0, 2).Select(_ => new MonitorTimer(Options.Create(new MonitoringOptions()), time))];

        await Task.WhenAll(instances.Select(timer => timer.Run(new TimerInfo(), durable.Client, default)));
        time.Advance(TimeSpan.FromMinutes(40));
        await instances[0].Run(new TimerInfo { IsPastDue = true }, durable.Client, default);
        time.Advance(TimeSpan.FromMinutes(20));
        await Task.WhenAll(instances.Select(timer => timer.Run(new TimerInfo(), durable.Client, default)));
        time.Advance(TimeSpan.FromHours(3)); // never fired in between: what was missed is not made up for, the next looks at its own window
        await instances[1].Run(new TimerInfo(), durable.Client, default);

        DateTimeOffset[] slots = [.. new[] { 0, 1, 4 }.Select(hour => new DateTimeOffset(2026, 10, 25, hour, 0, 0, TimeSpan.Zero))];
        foreach (DateTimeOffset slot in slots)
        {
            await durable.EndAsync(MonitorTimer.InstanceId(slot));
        }

        rounds.Distinct().Order().ShouldBe(slots);
        rounds.Count.ShouldBe(3);
    }
}
