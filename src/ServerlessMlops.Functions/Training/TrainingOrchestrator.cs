using System.Text.Json.Serialization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Approvals;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Functions.Training;

/// <summary>What a training is about.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Generation">The generation of its request row.</param>
/// <param name="Reason">Why it was asked for.</param>
public sealed record TrainingInput(string Pipeline, long Generation, string Reason)
{
    /// <summary>Id of the run and of the orchestration.</summary>
    public string RunId => TrainingRequest.RunId(Pipeline, Generation);
}

/// <summary>One training: data set, candidates side by side, search, judgement, registration, rollout. One at a time for each pipeline.</summary>
public static class TrainingOrchestrator
{
    /// <summary>The orchestration.</summary>
    [Function(nameof(TrainingOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        TrainingInput input = context.GetInput<TrainingInput>()!;
        var run = new Run
        {
            Pipeline = input.Pipeline,
            Id = input.RunId,
            Kind = RunKind.Training,
            Status = RunStatus.Running,
            Stage = "assembling",
            StartedAt = context.Now(),
            Inputs = [new RunArtifact("request", input.Reason)],
        };
        try
        {
            await context.RecordAsync(run, () => TrainAsync(context, input));
        }
        finally
        {
            // Whatever the end, the request row is closed, so that the next wish starts the next generation.
            await context.CallActivityAsync(nameof(TrainingRequests.CloseTraining), input, Retries.Lasting);
        }
    }

    private static async Task TrainAsync(TaskOrchestrationContext context, TrainingInput input)
    {
        AssembledDataset data = await context.CallActivityAsync<AssembledDataset>(nameof(AssembleDataset), input, Retries.Activity);
        if (!data.ToTrain)
        {
            return;
        }

        List<TrainedCandidate> candidates =
        [
            .. await FanOut.RunAsync(
                data.Candidates, data.AtOnce, name => Train(name, settings: null), done => context.SetCustomStatus(new TrainingProgress("training", done, data.Candidates.Count))),
        ];
        if (data.Trials > 0 && candidates.Exists(c => c is { Name: LearnerOptions.Boosting, Fault: null })
            && await Search.RunAsync(context, input, data) is { } tuned)
        {
            candidates.Add(await Train(Candidates.Tuned, tuned));
        }

        context.SetCustomStatus(new TrainingProgress("judging", 0, candidates.Count));
        RegisteredModel registered = await context.CallActivityAsync<RegisteredModel>(
            nameof(JudgeCandidates), new JudgementInput(input.Pipeline, input.RunId, data.DatasetId, data.SpecHash, candidates), Retries.Activity);
        if (registered.Version is { } version)
        {
            // Started, not waited for: a person or a rollout may take days, and trainings go on meanwhile.
            await context.CallActivityAsync(
                nameof(HandOver), new RolloutInput(input.Pipeline, version, $"training {input.RunId} passed every gate", input.RunId), Retries.Lasting);
        }

        Task<TrainedCandidate> Train(string name, BoostingOptions? settings) => context.CallActivityAsync<TrainedCandidate>(
            nameof(TrainCandidate), new CandidateInput(input.Pipeline, input.RunId, data.DatasetId, data.SpecHash, name, settings), Retries.Activity);
    }
}

/// <summary>What the orchestration shows of itself while it runs.</summary>
/// <param name="Stage">The step: <c>training</c>, <c>searching</c>, <c>judging</c>.</param>
/// <param name="Done">How many of its parts are done.</param>
/// <param name="Of">How many there are.</param>
public sealed record TrainingProgress(
    [property: JsonPropertyName("stage")] string Stage, [property: JsonPropertyName("done")] int Done, [property: JsonPropertyName("of")] int Of);
