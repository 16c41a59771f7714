using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Training;

/// <summary>One version of a model file that somebody dropped.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Name">The file's name, below <c>models/{pipeline}/incoming/</c>.</param>
/// <param name="ETag">Its version.</param>
public sealed record IncomingModelInput(string Pipeline, string Name, string ETag)
{
    /// <summary>Id of the run and of the orchestration: the same version of a file is judged once.</summary>
    public string RunId => $"incoming-{Pipeline}-{ContentAddress.Short(ContentAddress.Of($"{Name}\n{ETag}"))}";
}

/// <summary>A model made elsewhere was dropped under <c>models/{pipeline}/incoming/</c>: starts its admission. Events may come twice or late; both are harmless.</summary>
public sealed class IncomingModelArrived
{
    /// <summary>The trigger.</summary>
    [Function(nameof(IncomingModelArrived))]
    public async Task Run(
        [BlobTrigger("models/{pipeline}/incoming/{name}", Connection = StorageServices.Setting, Source = BlobTriggerSource.EventGrid)] BlobClient blob,
        string pipeline,
        string name,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            // No pipeline can have that folder: there is nobody to tell.
            return;
        }

        if (await ArrivedBlob.FindAsync(blob, cancellation) is not { } arrived)
        {
            return;
        }

        var input = new IncomingModelInput(pipeline, name, arrived.ETag);
        await durable.StartOnceAsync(nameof(IncomingModelOrchestrator), input.RunId, input, cancellation);
    }
}
