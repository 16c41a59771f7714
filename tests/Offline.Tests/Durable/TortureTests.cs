using System.Collections.Concurrent;
using System.Globalization;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.Storage;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>
/// Thousands of random orchestrations under faults: the process dies between any two storage operations (or right after one took effect),
/// an answer gets lost. Whatever happens, each orchestration ends as its program says.
/// </summary>
public sealed class TortureTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(2, 250, 0)]
    [InlineData(3, 100, 0)]
    [InlineData(4, 0, 40)]
    [InlineData(5, 200, 60)]
    public async Task RandomOrchestrations_WithProcessDeathsAndLostAnswers_EndAsTheirProgramsSay(int seed, int deathOneIn, int lostOneIn)
    {
        const int hubs = 40;
        const int perHub = 12;
        var lives = 0;
        for (var number = 0; number < hubs; number++)
        {
            var hub = new MemoryHub();
            lives += await RunAsync(
                new Random((seed * 1000) + number),
                perHub,
                faults => new MemoryInstanceStore(hub, faults is null ? null : faults.Invoke),
                deathOneIn,
                lostOneIn);
            CheckNothingIsLeft(hub);
        }

        if (deathOneIn > 0)
        {
            lives.ShouldBeGreaterThan(2 * hubs, "processes died too seldom: the test does not test");
        }
    }

    [Fact]
    public async Task RandomOrchestrations_OnAzurite_WithProcessDeaths_EndAsTheirProgramsSay()
    {
        var name = azurite.UniqueName("torture");
        await RunAsync(
            new Random(7),
            6,
            faults => new FaultyStore(
                new TableInstanceStore(new TableServiceClient(azurite.ConnectionString), new BlobServiceClient(azurite.ConnectionString), name, TimeProvider.System),
                faults),
            deathOneIn: 60,
            lostOneIn: 0);
    }

    /// <summary>Few instances stay in memory, so that they leave it and come back all the time.</summary>
    private static EngineSettings Pressed { get; } = new() { Replay = DurableHost.Replay, FaultDelay = TimeSpan.FromMilliseconds(5), MaxLoadedInstances = 2 };

    private static async Task<int> RunAsync(Random random, int count, Func<FaultInjector?, IInstanceStore> connect, int deathOneIn, int lostOneIn)
    {
        var programs = Enumerable.Range(0, count).ToDictionary(i => $"p{i}", _ => RandomProgram.Create(random));
        var failures = new ConcurrentDictionary<string, int>();
        var outside = connect(null);
        await outside.InitializeAsync(CancellationToken.None);

        // The starts themselves are not under fault: a client whose start failed is not told whether it took effect.
        await using (var starter = new DurableHost(outside, lease: new NeverLease()))
        {
            await starter.StartAsync();
            foreach (var (id, program) in programs)
            {
                await starter.Client.ScheduleNewOrchestrationInstanceAsync("Program", program, new StartOrchestrationOptions(id) { StartAt = null });
            }
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        var lives = 0;
        var open = programs.Keys.ToHashSet();
        while (open.Count > 0)
        {
            lives++;
            var faults = new FaultInjector(new Random(random.Next()), deathOneIn, lostOneIn);
            await using var host = RandomProgram.Register(new DurableHost(connect(faults), Pressed), failures);
            await host.Engine.StartAsync(CancellationToken.None);
            while (open.Count > 0 && !faults.Died.IsCompleted)
            {
                foreach (var id in open.ToArray())
                {
                    if ((await outside.GetStateAsync(id, deadline.Token))?.Status.IsTerminal() == true)
                    {
                        open.Remove(id);
                    }
                }

                await Task.WhenAny(faults.Died, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, deadline.Token));
                deadline.Token.ThrowIfCancellationRequested();
            }
        }

        // A last life without faults tidies up: nothing is left that a starting host would have to look at.
        await using (var last = RandomProgram.Register(new DurableHost(outside), failures))
        {
            await last.Engine.StartAsync(CancellationToken.None);
            while (await outside.ListActiveAsync(deadline.Token).AnyAsync(deadline.Token))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, deadline.Token);
            }
        }

        foreach (var (id, program) in programs)
        {
            var state = (await outside.GetStateAsync(id, deadline.Token))!;
            state.Status.ShouldBe(InstanceStatus.Completed, $"{id}: {state.Failure?.ErrorMessage}; program {HistoryJson.Write(program)}");
            DurableHost.Converter.Deserialize<List<int>>(state.Output)
                .ShouldBe(RandomProgram.Expect(program), $"{id}; program {HistoryJson.Write(program)}");
        }

        return lives;
    }

    private static void CheckNothingIsLeft(MemoryHub hub)
    {
        foreach (var (id, rows) in hub.Partitions)
        {
            rows.Keys.ShouldNotContain(key => key.StartsWith(RowKeys.OutboxPrefix, StringComparison.Ordinal), $"{id} has messages that were not delivered");
            HistoryJson.Read<InstanceState>(rows[RowKeys.State]).Status.ShouldBe(InstanceStatus.Completed, id);
        }
    }

    /// <summary>For a process that only sends.</summary>
    private sealed class NeverLease : IHubLease
    {
        public async Task<CancellationToken> AcquireAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return cancellationToken;
        }

        public Task ReleaseAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Lets a process die at random moments, or loses the answer to an operation that took effect.</summary>
    internal sealed class FaultInjector(Random random, int deathOneIn, int lostOneIn)
    {
        private readonly TaskCompletionSource _died = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Died => _died.Task;

        /// <summary>Called before and after every operation.</summary>
        public void Invoke(string operation)
        {
            lock (random)
            {
                if (!_died.Task.IsCompleted && deathOneIn > 0 && random.Next(deathOneIn) == 0)
                {
                    _died.SetResult();
                }

                if (_died.Task.IsCompleted)
                {
                    throw new IOException(string.Create(CultureInfo.InvariantCulture, $"The process died at '{operation}'."));
                }

                if (lostOneIn > 0 && random.Next(lostOneIn) == 0)
                {
                    throw new IOException($"The answer to '{operation}' got lost.");
                }
            }
        }
    }
}
