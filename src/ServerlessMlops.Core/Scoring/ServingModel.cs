using System.Text.Encodings.Web;
using System.Text.Json;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring.Mlflow;

namespace ServerlessMlops.Core.Scoring;

/// <summary>A model version with everything that answering needs, made ready once. Immutable, so a request that holds one is not disturbed by a swap.</summary>
public sealed class ServingModel
{
    private const int WarmUpRows = 64;
    private readonly byte[] _trailer;
    private readonly JsonEncodedText[] _names;

    /// <summary>Makes a model ready.</summary>
    /// <param name="card">Its card.</param>
    /// <param name="version">Its version.</param>
    /// <param name="predictor">The model.</param>
    /// <param name="rules">How requests are taken, answered and logged; null for what is usual.</param>
    /// <exception cref="InvalidDataException">Card and model do not belong together, or the model gives no finite output.</exception>
    public ServingModel(ModelCard card, int version, IRowPredictor predictor, ScoringRules? rules = null)
    {
        Card = card;
        Version = version;
        Predictor = predictor;
        Signature = new ScoringSignature(card, predictor, rules);
        Outputs = new ModelOutputs(card, predictor.OutputCount);
        _trailer = InvocationWriter.Trailer(card.Pipeline, version, Outputs.IntervalHalfWidth is null ? null : card.Interval?.Coverage);
        _names = [.. card.Inputs.Select(i => JsonEncodedText.Encode(i.Name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping))];
        WarmUp();
    }

    /// <summary>Its card.</summary>
    public ModelCard Card { get; }

    /// <summary>Its version.</summary>
    public int Version { get; }

    /// <summary>The model itself.</summary>
    public IRowPredictor Predictor { get; }

    /// <summary>How requests are taken, answered and logged.</summary>
    public ScoringRules Rules => Signature.Rules;

    /// <summary>The same version by other rules.</summary>
    public ServingModel With(ScoringRules rules) => new(Card, Version, Predictor, rules);

    /// <summary>Its inputs.</summary>
    public ScoringSignature Signature { get; }

    /// <summary>What its outputs say.</summary>
    public ModelOutputs Outputs { get; }

    /// <summary>What every MLflow answer of it ends with.</summary>
    public ReadOnlySpan<byte> Trailer => _trailer;

    /// <summary>Input names, ready for JSON.</summary>
    internal ReadOnlySpan<JsonEncodedText> InputNames => _names;

    // Scores rows of missing values (where the model must have one: of values) before the first caller does: code is compiled, tables are in the cache, and a model that
    // answers nonsense is found here.
    private void WarmUp()
    {
        float[] features = new float[WarmUpRows * Signature.Width];
        float[] outputs = new float[WarmUpRows * Outputs.Width];
        for (int i = 0; i < features.Length; i++)
        {
            int input = i % Signature.Width;
            features[i] = Signature.Emptiest(input);
        }

        Predictor.Predict(features, outputs);
        Predictor.Predict(features.AsSpan(0, Signature.Width), outputs.AsSpan(0, Outputs.Width));
        if (!outputs.All(float.IsFinite))
        {
            throw new InvalidDataException(
                $"Model '{Card.Pipeline}' version {Version} answers a row of missing values with a number that is not finite; it cannot serve. Roll back, or train again.");
        }
    }
}
