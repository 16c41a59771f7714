using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Functions.Pipelines;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>A model that serves in this process, with what counts its traffic.</summary>
/// <param name="Model">The model.</param>
/// <param name="Counter">Counts into the model's groups; null where its card has none (a model that was not trained here).</param>
public sealed record LiveModel(ServingModel Model, WindowCounter? Counter)
{
    /// <summary>The same by other rules; what it counted stays.</summary>
    public LiveModel With(ScoringRules rules) => Model.Rules == rules ? this : this with { Model = Model.With(rules) };
}

/// <summary>Loads model versions from the store and makes them ready.</summary>
/// <param name="models">The models.</param>
/// <param name="read">Reads their bytes.</param>
/// <param name="counters">Count their traffic.</param>
/// <param name="specs">The specs, whose <c>scoring</c> rules are in force; null where nothing has a spec.</param>
public sealed class ModelLoader(IModelStore models, PredictorReader read, WindowCounters counters, SpecReader? specs = null)
{
    /// <summary>The rules of a kept spec.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="specHash">Hash of the spec in force; null where there is none, and what is usual holds.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="InvalidOperationException">The spec is not kept.</exception>
    public async Task<ScoringRules> LoadRulesAsync(string pipeline, string? specHash, CancellationToken cancellation) =>
        specHash is null || specs is null ? ScoringRules.Default : new ScoringRules((await specs.ReadVersionAsync(pipeline, specHash, cancellation)).Scoring);

    /// <summary>Loads, checks and warms up a version.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="version">The version.</param>
    /// <param name="rules">How its requests are taken, answered and logged.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="InvalidDataException">It is missing, damaged, or not of one piece.</exception>
    public async Task<LiveModel> LoadAsync(string pipeline, int version, ScoringRules rules, CancellationToken cancellation)
    {
        ModelCard card = await models.LoadCardAsync(pipeline, version, cancellation) ?? throw new InvalidDataException(
            $"Version {version} of pipeline '{pipeline}' serves, and its card is not in the models container. Roll back to a version that is there, or restore it.");
        ReadOnlyMemory<byte> onnx = await models.LoadModelAsync(pipeline, version, card, cancellation);
        var model = new ServingModel(card, version, read(onnx), rules);
        return new LiveModel(model, card.Reference.Count == card.Inputs.Count ? counters.For(card, version) : null);
    }
}
