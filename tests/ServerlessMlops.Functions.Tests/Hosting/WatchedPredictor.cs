using System.Collections.Concurrent;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Tests.Hosting;

/// <summary>A model that keeps the features it is asked about.</summary>
internal sealed class WatchedPredictor(IRowPredictor model, ConcurrentQueue<float[]> seen) : IRowPredictor
{
    public int FeatureCount => model.FeatureCount;

    public IReadOnlyList<string>? FeatureNames => model.FeatureNames;

    public int OutputCount => model.OutputCount;

    public float EncodeCategory(int input, ReadOnlySpan<byte> utf8) => model.EncodeCategory(input, utf8);

    public float EncodeMissingCategory(int input) => model.EncodeMissingCategory(input);

    public string? ExplanationFault => model.ExplanationFault;

    public double Explain(ReadOnlySpan<float> row, int output, Span<double> contributions) => model.Explain(row, output, contributions);

    public void Predict(ReadOnlySpan<float> features, Span<float> outputs)
    {
        seen.Enqueue(features.ToArray());
        model.Predict(features, outputs);
    }
}
