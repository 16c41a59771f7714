using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Attribution;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Training;

/// <summary>Makes the card of a candidate out of its training; what the judgement adds comes later.</summary>
internal static class ModelCards
{
    /// <summary>The card of a candidate, without metrics, verdicts and reference of its output.</summary>
    public static ModelCard Of(JudgementInput input, PipelineSpec spec, TrainingData data, TrainedCandidate candidate, ScoringModel model) => new()
    {
        Pipeline = input.Pipeline,
        ModelId = candidate.ModelId!,
        Task = data.Task,
        Target = spec.Target,
        Candidate = candidate.Name,
        Inputs = [.. model.Inputs.Select(i => new FeatureSignature(i.Name, i.Kind == InputKind.Number ? FeatureKind.Number : FeatureKind.Category) { Categories = i.Categories })],
        Classes = data.Classes,
        Key = spec.Key,
        Threshold = model.Threshold,
        Interval = model.Interval,
        Metrics = new Dictionary<string, double>(),
        Candidates = [],
        Gates = [],
        DatasetId = input.DatasetId,
        SpecHash = input.SpecHash,
        RunId = input.RunId,
        Seed = Candidates.Seed,
        TrainRows = input.Incoming ? 0 : data.Train.Features.Rows,
        HoldoutRows = data.Holdout.Features.Rows,
        Reference = [],
        OutputReference = new FeatureGroups("output", FeatureKind.Number, [], [], [0, 0]),
        Example = ExampleOf(data.Train.Features, spec),
    };

    /// <summary>The card of the winner, with what was measured and decided.</summary>
    public static ModelCard Judged(ModelCard card, TrainingData data, EvaluationReport report, IReadOnlyList<CandidateResult> candidates, float[] outputs, ScoringModel model, double coverage)
    {
        int width = model.OutputCount;
        ModelCard judged = card with
        {
            Metrics = candidates.First(c => c.Name == report.Winner).Metrics,
            Candidates = candidates,
            Gates = report.Gates,
            Tests = report.Tests,
            Interval = card.Interval ?? data.HoldoutInterval(outputs, coverage),
            Influences = report.Influences,
            Evaluation = EvaluationSummary.Of(report),
            Reference = [.. data.Train.Features.Features.Select(ToGroups)],
            OutputReference = ReferenceGroups.FromNumbers("output", ModelScorer.Summary(outputs, width, card.Task)),
        };
        return judged with
        {
            Estimation = EstimationReference.Of(judged, data.Holdout.Features, data.Holdout.Labels, outputs, width),
            Attributions = ShapleySampler.Explain(judged, model, data.Holdout.Features),
        };
    }

    /// <summary>A typical row: medians, most frequent categories; null for sensitive columns. Of no single row.</summary>
    private static Dictionary<string, object?> ExampleOf(FeatureTable rows, PipelineSpec spec)
    {
        var example = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (Feature feature in rows.Features)
        {
            bool isSensitive = spec.Columns.TryGetValue(feature.Name, out ColumnSpec? known) && known.Sensitive;
            example[feature.Name] = isSensitive ? null : feature switch
            {
                NumericFeature number => number.Values.Where(float.IsFinite).Order().ToArray() is { Length: > 0 } sorted ? sorted[sorted.Length / 2] : null,
                CategoricalFeature category => category.Codes.Where(c => c >= 0).CountBy(c => c).OrderByDescending(c => c.Value).ThenBy(c => c.Key).Select(c => category.Categories[c.Key]).FirstOrDefault(),
                _ => null,
            };
        }

        return example;
    }

    private static FeatureGroups ToGroups(Feature feature) => feature switch
    {
        NumericFeature number => ReferenceGroups.FromNumbers(number.Name, number.Values),
        CategoricalFeature category => ReferenceGroups.FromCategories(category.Name, category.Codes, category.Categories),
        _ => throw new InvalidOperationException($"Feature '{feature.Name}' is neither a number nor a category."),
    };
}
