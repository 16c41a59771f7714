using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace ServerlessMlops.Offline.App;

public sealed record Work(int Steps, int StepMilliseconds, int PayloadBytes);

/// <summary>Orchestrations as functions, started and asked about over HTTP.</summary>
public sealed class DurableContract(Calls calls)
{
    [Function("Start")]
    public static async Task<IActionResult> Start(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "start/{name}/{id}")] HttpRequest request, string name, string id,
        [DurableClient] DurableTaskClient client, CancellationToken cancellation)
    {
        object? input = request.ContentLength is > 0 ? await JsonSerializer.DeserializeAsync<JsonElement>(request.Body, cancellationToken: cancellation) : null;
        var options = new StartOrchestrationOptions(id);
        if (request.Query["version"].ToString() is { Length: > 0 } version)
        {
            options = options with { Version = version };
        }

        return new OkObjectResult(await client.ScheduleNewOrchestrationInstanceAsync(name, input, options, cancellation));
    }

    [Function("Raise")]
    public static async Task<IActionResult> Raise(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "raise/{id}/{name}/{value}")] HttpRequest request, string id, string name, string value,
        [DurableClient] DurableTaskClient client, CancellationToken cancellation)
    {
        await client.RaiseEventAsync(id, name, value, cancellation);
        return new AcceptedResult();
    }

    [Function("Ended")]
    public static async Task<IActionResult> Ended(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "ended/{id}")] HttpRequest request, string id,
        [DurableClient] DurableTaskClient client, CancellationToken cancellation)
    {
        OrchestrationMetadata? instance = await client.GetInstanceAsync(id, getInputsAndOutputs: true, cancellation);
        return instance is null ? new NotFoundResult() : new JsonResult(new
        {
            status = instance.RuntimeStatus.ToString(),
            output = instance.SerializedOutput,
            custom = instance.SerializedCustomStatus,
            error = instance.FailureDetails?.ErrorMessage,
            errorType = instance.FailureDetails?.ErrorType,
        });
    }

    /// <summary>Steps one after another and some side by side, with a timer and a sub-orchestration: the sum of all.</summary>
    [Function(nameof(Chain))]
    public static async Task<int> Chain([OrchestrationTrigger] TaskOrchestrationContext context, Work work)
    {
        ILogger logger = context.CreateReplaySafeLogger<DurableContract>();
        int sum = 0;
        for (int i = 0; i < work.Steps; i++)
        {
            sum += await context.CallActivityAsync<int>(nameof(Step), new Step1(i, work.StepMilliseconds));
            context.SetCustomStatus($"step {i}");
            logger.LogInformation("chain-step {Step} of {Id}", i, context.InstanceId);
        }

        await context.CreateTimer(TimeSpan.FromMilliseconds(50), CancellationToken.None);
        int[] wide = await Task.WhenAll(Enumerable.Range(0, work.Steps).Select(i => context.CallActivityAsync<int>(nameof(Step), new Step1(i, work.StepMilliseconds))));
        string payload = await context.CallSubOrchestratorAsync<string>(nameof(Child), work.PayloadBytes);
        return sum + wide.Sum() + payload.Length;
    }

    [Function(nameof(Child))]
    public static Task<string> Child([OrchestrationTrigger] TaskOrchestrationContext context) =>
        context.CallActivityAsync<string>(nameof(Fill), context.GetInput<int>());

    [Function(nameof(Step))]
    public async Task<int> Step([ActivityTrigger] Step1 step, string instanceId, CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(step.Milliseconds), TimeProvider.System, cancellation);
        await calls.AddAsync("Step", $"{instanceId}|{step.Index}");
        return step.Index;
    }

    [Function(nameof(Fill))]
    public static string Fill([ActivityTrigger] int bytes) => new('x', bytes);

    [Function(nameof(Sleeper))]
    public static async Task<string> Sleeper([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        string first = await context.WaitForExternalEvent<string>("go");
        return $"{first},{await context.WaitForExternalEvent<string>("GO")}";
    }

    [Function(nameof(Versioned))]
    public static string Versioned([OrchestrationTrigger] TaskOrchestrationContext context) =>
        string.Create(CultureInfo.InvariantCulture, $"{context.Version}|{Math.Sign(context.CompareVersionTo("1.5"))}");

    [Function(nameof(TooLong))]
    public static async Task<string> TooLong([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        try
        {
            await context.CallActivityAsync<int>(nameof(Step), new Step1(0, 60_000));
            return "ended";
        }
        catch (TaskFailedException e)
        {
            return e.FailureDetails.ErrorType;
        }
    }
}

public sealed record Step1(int Index, int Milliseconds);
