using System.Runtime.CompilerServices;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Scoring;

public class PredictionPruningTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 5, 20, 0, TimeSpan.Zero);

    [Fact]
    public async Task Run_EveryPipeline_DeletesWhatItsSpecDoesNotWantKept()
    {
        var specs = new Specs
        {
            ["broken"] = "target: [",
            ["forever"] = "target: y\n",
            ["month"] = "target: y\nscoring: {log: {retention: 30d}}\n",
            ["failing"] = "target: y\nscoring: {log: {retention: 1d}}\n",
            ["timing-out"] = "target: y\nscoring: {log: {retention: 2d}}\n",
            ["week"] = "target: y\nscoring: {log: {retention: 7d}}\n",
        };
        var retention = new Retention();
        await new PredictionPruning(specs, new SpecReader(specs), retention, new ManualTimeProvider(Now), NullLogger<PredictionPruning>.Instance).Run(new TimerInfo(), default);
        retention.Calls.ShouldBe([("failing", Now.AddDays(-1)), ("timing-out", Now.AddDays(-2)), ("month", Now.AddDays(-30)), ("week", Now.AddDays(-7))], ignoreOrder: true);
    }

    private sealed class Retention : IPredictionRetention
    {
        public List<(string Pipeline, DateTimeOffset Time)> Calls { get; } = [];

        public Task<int> DeleteBeforeAsync(string pipeline, DateTimeOffset time, CancellationToken cancellation)
        {
            Calls.Add((pipeline, time));
            return pipeline switch
            {
                "failing" => throw new IOException("storage is down"),
                "timing-out" => throw new TaskCanceledException("the request to storage timed out"),
                _ => Task.FromResult(3),
            };
        }
    }

    /// <summary>Specs by pipeline, in memory.</summary>
    private sealed class Specs : Dictionary<string, string>, IPipelineStore
    {
        public Task<StoredSpec?> GetAsync(string pipeline, CancellationToken cancellation) => Task.FromResult<StoredSpec?>(new StoredSpec(pipeline, this[pipeline], "1"));

        public Task<StoredSpec?> GetVersionAsync(string pipeline, string specHash, CancellationToken cancellation) => GetAsync(pipeline, cancellation);

        public Task KeepVersionAsync(string pipeline, string specHash, string yaml, CancellationToken cancellation) => Task.CompletedTask;

        public Task<string?> PutAsync(string pipeline, string yaml, string? ifMatch, string actor, CancellationToken cancellation) => throw new NotSupportedException();

        public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.CompletedTask;
            foreach (string pipeline in Keys)
            {
                yield return pipeline;
            }
        }
    }
}
