using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Scoring;

/// <summary>A model of the Learners library behind the port of scoring.</summary>
public sealed class OnnxPredictor : IRowPredictor
{
    private readonly ScoringModel _model;

    /// <summary>Puts a model that has been read behind the port.</summary>
    public OnnxPredictor(ScoringModel model)
    {
        _model = model;
        FeatureNames = [.. model.Inputs.Select(i => i.Name)];
    }

    /// <inheritdoc/>
    public int FeatureCount => _model.Inputs.Count;

    /// <inheritdoc/>
    public IReadOnlyList<string> FeatureNames { get; }

    /// <inheritdoc/>
    public int OutputCount => _model.OutputCount;

    /// <summary>Reads a model; see <see cref="PredictorReader"/>.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a model that can be scored with.</exception>
    public static IRowPredictor Read(ReadOnlyMemory<byte> onnx)
    {
        try
        {
            return new OnnxPredictor(OnnxModel.Load(onnx));
        }
        catch (OnnxFormatException unreadable)
        {
            throw new InvalidDataException($"The model cannot be read: {unreadable.Message}", unreadable);
        }
    }

    /// <inheritdoc/>
    public float EncodeCategory(int input, ReadOnlySpan<byte> utf8) => _model.EncodeCategory(input, utf8);

    /// <inheritdoc/>
    public float EncodeMissingCategory(int input) => float.NaN;

    /// <inheritdoc/>
    public string? ExplanationFault => _model.ExplanationFault;

    /// <inheritdoc/>
    public double Explain(ReadOnlySpan<float> row, int output, Span<double> contributions) => _model.Explain(row, output, contributions);

    /// <inheritdoc/>
    public void Predict(ReadOnlySpan<float> features, Span<float> outputs) =>
        _model.PredictBatch(features, outputs.Length / _model.OutputCount, outputs);
}
