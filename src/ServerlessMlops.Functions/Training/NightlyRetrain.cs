using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Pipelines;

namespace ServerlessMlops.Functions.Training;

/// <summary>Asks every night for a training of every pipeline whose spec says so. Where the data has not changed, the training says so and ends.</summary>
public sealed class NightlyRetrain(IPipelineStore pipelines, SpecReader specs, TrainingRequests requests)
{
    /// <summary>The timer. Fired twice or late, it leaves word on the same request row.</summary>
    [Function(nameof(NightlyRetrain))]
    public async Task Run([TimerTrigger("%RETRAIN_SCHEDULE%")] TimerInfo timer, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        await foreach (string pipeline in pipelines.ListAsync(cancellation))
        {
            if (await specs.ReadAsync(pipeline, cancellation) is { Spec.Retrain.Nightly: true })
            {
                await requests.AskAsync(new TrainingWish(pipeline, "nightly"), durable, cancellation);
            }
        }
    }
}
