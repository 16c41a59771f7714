using Microsoft.DurableTask;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>One step of a random orchestration; all of it travels as the orchestrator's input.</summary>
internal enum StepKind
{
    Activity,
    FanOut,
    Timer,
    Flaky,
    Fails,
    Sub,
    Conversation,
    Countdown,
    Race,
}

internal sealed record Step(StepKind Kind, int Number, IReadOnlyList<Step>? Steps = null);

/// <summary>
/// Random orchestrations whose results do not depend on time, order or how often a thing was tried, so that <see cref="Expect"/> can tell
/// them beforehand.
/// </summary>
internal static class RandomProgram
{
    public static IReadOnlyList<Step> Create(Random random, int depth = 0)
    {
        var steps = new List<Step>();
        var count = random.Next(1, depth == 0 ? 6 : 4);
        for (var i = 0; i < count; i++)
        {
            var kind = (StepKind)random.Next(9);
            steps.Add(kind == StepKind.Sub
                ? depth < 2 ? new Step(kind, 0, Create(random, depth + 1)) : new Step(StepKind.Activity, random.Next(100))
                : new Step(kind, random.Next(kind is StepKind.FanOut ? 12 : kind is StepKind.Timer or StepKind.Flaky or StepKind.Countdown ? 4 : 100)));
        }

        return steps;
    }

    public static List<int> Expect(IReadOnlyList<Step> steps) => [.. steps.SelectMany(step => step.Kind switch
    {
        StepKind.FanOut => Enumerable.Range(0, step.Number).Select(i => 2 * i),
        StepKind.Sub => Expect(step.Steps!),
        StepKind.Conversation => [step.Number, step.Number + 1, step.Number + 2],
        StepKind.Countdown => [-1],
        StepKind.Fails => [-2],
        StepKind.Timer => [0],
        _ => new[] { 2 * step.Number },
    })];

    /// <param name="failures">How often each flaky call has failed; shared by all lives of the process.</param>
    public static DurableHost Register(DurableHost host, System.Collections.Concurrent.ConcurrentDictionary<string, int> failures) => host
        .Orchestrator<IReadOnlyList<Step>, List<int>>("Program", RunAsync)
        .Orchestrator<int, List<int>>("Listener", ListenAsync)
        .Orchestrator<int, int>("Countdown", async (context, n) =>
        {
            await context.CallActivityAsync<int>("Double", n);
            if (n > 0)
            {
                context.ContinueAsNew(n - 1);
            }

            return -1;
        })
        .Activity<int, int>("Double", value => Task.FromResult(2 * value))
        .Activity<FlakyCall, int>("Flaky", call => failures.AddOrUpdate(call.Key, 1, (_, count) => count + 1) <= call.Failures
            ? throw new InvalidOperationException("not yet")
            : Task.FromResult(2 * call.Failures))
        .Activity<int, int>("Fails", _ => throw new FormatException("never"));

    public static async Task<List<int>> RunAsync(TaskOrchestrationContext context, IReadOnlyList<Step> steps)
    {
        var results = new List<int>();
        for (var i = 0; i < steps.Count; i++)
        {
            results.AddRange(await RunStepAsync(context, steps[i], i));
        }

        return results;
    }

    private static async Task<IEnumerable<int>> RunStepAsync(TaskOrchestrationContext context, Step step, int index)
    {
        switch (step.Kind)
        {
            case StepKind.FanOut:
                return await Task.WhenAll(Enumerable.Range(0, step.Number).Select(i => context.CallActivityAsync<int>("Double", i)));
            case StepKind.Timer:
                await context.CreateTimer(TimeSpan.FromMilliseconds(step.Number), CancellationToken.None);
                return [0];
            case StepKind.Flaky:
                var retry = TaskOptions.FromRetryPolicy(new RetryPolicy(10, TimeSpan.FromMilliseconds(1)));
                return [await context.CallActivityAsync<int>("Flaky", new FlakyCall($"{context.InstanceId}-{index}", step.Number), retry)];
            case StepKind.Fails:
                return [await CatchAsync(context)];
            case StepKind.Sub:
                return await context.CallSubOrchestratorAsync<List<int>>("Program", step.Steps);
            case StepKind.Conversation:
                var listener = $"{context.InstanceId}-listener-{index}";
                var heard = context.CallSubOrchestratorAsync<List<int>>("Listener", 3, new SubOrchestrationOptions(instanceId: listener));
                context.SendEvent(listener, "word", step.Number);
                context.SendEvent(listener, "WORD", step.Number + 1);
                await context.CallActivityAsync<int>("Double", 0);
                context.SendEvent(listener, "Word", step.Number + 2);
                return await heard;
            case StepKind.Countdown:
                return [await context.CallSubOrchestratorAsync<int>("Countdown", step.Number)];
            case StepKind.Race:
                using (var cancellation = new CancellationTokenSource())
                {
                    var slow = context.CreateTimer(TimeSpan.FromDays(7), cancellation.Token);
                    var fast = context.CallActivityAsync<int>("Double", step.Number);
                    (await Task.WhenAny(slow, fast)).ShouldBe(fast);
#pragma warning disable CA1849 // Awaiting would leave the orchestrator's thread.
                    cancellation.Cancel();
#pragma warning restore CA1849
                    return [await fast];
                }

            default:
                return [await context.CallActivityAsync<int>("Double", step.Number)];
        }
    }

    private static async Task<int> CatchAsync(TaskOrchestrationContext context)
    {
        try
        {
            return await context.CallActivityAsync<int>("Fails");
        }
        catch (TaskFailedException failed) when (failed.FailureDetails.IsCausedBy<FormatException>())
        {
            return -2;
        }
    }

    private static async Task<List<int>> ListenAsync(TaskOrchestrationContext context, int count)
    {
        var heard = new List<int>();
        for (var i = 0; i < count; i++)
        {
            heard.Add(await context.WaitForExternalEvent<int>("word"));
        }

        return heard;
    }

    internal sealed record FlakyCall(string Key, int Failures);
}
