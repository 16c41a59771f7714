using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Training;

/// <summary>A wish for a training.</summary>
/// <param name="Pipeline">Of which pipeline.</param>
/// <param name="Reason">Why.</param>
/// <param name="Id">What tells the wish from others where it may be made twice; null where it may not.</param>
public sealed record TrainingWish(string Pipeline, string Reason, string? Id = null);

/// <summary>Turns wishes into trainings by the request row: many wishes, few trainings, none lost.</summary>
public sealed class TrainingRequests(ITrainingRequests requests, TimeProvider time)
{
    /// <summary>Asks, as an activity.</summary>
    [Function(nameof(RequestTraining))]
    public Task RequestTraining([ActivityTrigger] TrainingWish wish, [DurableClient] DurableTaskClient durable, CancellationToken cancellation) =>
        AskAsync(wish, durable, cancellation);

    /// <summary>Closes the request row of a training that ended, or starts the next generation where somebody asked meanwhile.</summary>
    [Function(nameof(CloseTraining))]
    public async Task CloseTraining([ActivityTrigger] TrainingInput ended, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        TrainingRequest after = await requests.UpdateAsync(ended.Pipeline, row => row.End(ended.Generation), cancellation);
        await EnsureStartedAsync(ended.Pipeline, after, durable, cancellation);
    }

    /// <summary>Writes the wish down and sees to it that the training it waits for exists. Returns the row after.</summary>
    public async Task<TrainingRequest> AskAsync(TrainingWish wish, DurableTaskClient durable, CancellationToken cancellation)
    {
        TrainingRequest after = await requests.UpdateAsync(wish.Pipeline, row => row.Ask(wish.Reason, time.GetUtcNow(), wish.Id), cancellation);
        await EnsureStartedAsync(wish.Pipeline, after, durable, cancellation);
        return after;
    }

    /// <summary>Starts the training of a row that runs, if nobody has: the one who wrote the row may have died before starting it.</summary>
    public static async Task EnsureStartedAsync(string pipeline, TrainingRequest row, DurableTaskClient durable, CancellationToken cancellation)
    {
        if (row.Running)
        {
            await durable.StartOnceAsync(
                nameof(TrainingOrchestrator),
                TrainingRequest.RunId(pipeline, row.Generation),
                new TrainingInput(pipeline, row.Generation, row.Reason),
                cancellation);
        }
    }
}
