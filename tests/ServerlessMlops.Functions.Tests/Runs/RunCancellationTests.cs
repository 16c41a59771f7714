using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Tests.Scoring;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Runs;

public sealed class RunCancellationTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly ScriptedLooks _runs = new();

    /// <summary>What storage clients throw that are refused, do not reach the service after several tries, or wait too long.</summary>
    public static TheoryData<Exception> Faults => [new Azure.RequestFailedException(503, "busy"), new AggregateException(new IOException("no route")), new TaskCanceledException("timed out")];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Look_StorageFails_TheWorkKeepsItsResultAndTheNextLookTells(Exception fault)
    {
        var cancellation = new RunCancellation(_runs, _time, NullLogger<RunCancellation>.Instance);
        _runs.Answer = () => throw fault;
        var result = new TaskCompletionSource<int>();
        CancellationToken seen = default;
        Task<int> work = cancellation.WhileRunningAsync("p", "train-p-1", token =>
        {
            seen = token;
            return result.Task;
        }, default);
        await LookAsync();

        _runs.Answer = () => new Run { Pipeline = "p", Id = "train-p-1", Kind = RunKind.Training, Status = RunStatus.Cancelled, Stage = "training", StartedAt = default };
        await LookAsync();
        await Eventually.HoldsAsync(() => seen.IsCancellationRequested, "the cancellation that the second look saw");
        result.SetResult(7);
        (await work).ShouldBe(7);
    }

    private async Task LookAsync()
    {
        int before = _runs.Looks;
        _time.Advance(RunCancellation.Interval);
        await Eventually.HoldsAsync(() => _runs.Looks > before, "a look at the run");
    }

    private sealed class ScriptedLooks : IRunLog
    {
        private int _looks;

        public int Looks => Volatile.Read(ref _looks);

        public Func<Run?> Answer { get; set; } = () => null;

        public async Task<Run?> GetAsync(string pipeline, string id, CancellationToken cancellation)
        {
            await Task.Yield();
            Func<Run?> answer = Answer;
            Interlocked.Increment(ref _looks);
            return answer();
        }

        public Task<Run> StartAsync(Run run, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Run> UpdateAsync(string pipeline, string id, Func<Run, Run> change, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Page<Run>> ListAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) => throw new NotSupportedException();

        public IAsyncEnumerable<Run> ListOpenAsync(string pipeline, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
