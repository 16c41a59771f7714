using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>A model that serves in this process, with what counts its traffic.</summary>
/// <param name="Model">The model.</param>
/// <param name="Counter">Counts into the model's groups; null where its card has none (a model that was not trained here).</param>
public sealed record LiveModel(ServingModel Model, WindowCounter? Counter);

/// <summary>Loads model versions from the store and makes them ready.</summary>
public sealed class ModelLoader(IModelStore models, PredictorReader read, WindowCounters counters)
{
    /// <summary>Loads, checks and warms up a version.</summary>
    /// <exception cref="InvalidDataException">It is missing, damaged, or not of one piece.</exception>
    public async Task<LiveModel> LoadAsync(string pipeline, int version, CancellationToken cancellation)
    {
        ModelCard card = await models.LoadCardAsync(pipeline, version, cancellation) ?? throw new InvalidDataException(
            $"Version {version} of pipeline '{pipeline}' serves, and its card is not in the models container. Roll back to a version that is there, or restore it.");
        ReadOnlyMemory<byte> onnx = await models.LoadModelAsync(pipeline, version, card, cancellation);
        var model = new ServingModel(card, version, read(onnx));
        return new LiveModel(model, card.Reference.Count == card.Inputs.Count ? counters.For(card, version) : null);
    }
}
