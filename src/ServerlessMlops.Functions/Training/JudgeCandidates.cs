using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Training;

/// <summary>Candidates to judge.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The training run.</param>
/// <param name="DatasetId">The data set.</param>
/// <param name="SpecHash">The spec.</param>
/// <param name="Candidates">What was trained.</param>
public sealed record JudgementInput(string Pipeline, string RunId, string DatasetId, string SpecHash, IReadOnlyList<TrainedCandidate> Candidates);

/// <summary>What came of it.</summary>
/// <param name="Version">The version registered; null where no candidate passed.</param>
public sealed record RegisteredModel(int? Version);

/// <summary>Compares the candidates with each other and with the champion on the same hold-out rows, decides the gates, registers the winner, and ends the run.</summary>
public sealed class JudgeCandidates(
    TrainingDataReader reader, SpecReader specs, IDatasetStore datasets, IModelRegistry registry, IModelStore models, IRunLog runs, RunEnds ends)
{
    /// <summary>The activity. Run again, it comes to the same judgement, and the model that has a version gets no second one.</summary>
    [Function(nameof(JudgeCandidates))]
    public async Task<RegisteredModel> Run([ActivityTrigger] JudgementInput input, CancellationToken cancellation)
    {
        if (await datasets.GetOutcomeAsync(input.Pipeline, input.DatasetId, cancellation) is { } done && done.RunId == input.RunId)
        {
            // An earlier try of this activity came to its end and its answer was lost. Judging again would meet a champion that may have changed.
            await EndAsync(input, done, cancellation);
            return new RegisteredModel(done.Version);
        }

        await runs.UpdateAsync(input.Pipeline, input.RunId, run => run with { Stage = "gates" }, cancellation);
        if (input.Candidates.All(c => c.Fault is not null))
        {
            return await RejectAsync(input, input.Candidates[0].Fault!, cancellation);
        }

        PipelineSpec spec = await specs.ReadVersionAsync(input.Pipeline, input.SpecHash, cancellation);
        TrainingData data = await reader.ReadAsync(input.Pipeline, input.DatasetId, input.SpecHash, cancellation);
        IReadOnlyDictionary<string, double>? champion = await ChampionMetricsAsync(input.Pipeline, data, cancellation);
        CandidateResult[] candidates = [.. input.Candidates.Where(c => c.Fault is null).Select(c => new CandidateResult(c.Name, c.Metrics, c.Seconds))];
        Judgement judgement = Judgement.Of(data.Task, spec.Train.Metric, spec.Gates, candidates, champion);
        return judgement.Accepted
            ? await RegisterAsync(input, spec, data, candidates, judgement, cancellation)
            : await RejectAsync(input, judgement.Reason, cancellation);
    }

    private async Task<IReadOnlyDictionary<string, double>?> ChampionMetricsAsync(string pipeline, TrainingData data, CancellationToken cancellation)
    {
        RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
        if (head.Live is not { } live || await models.LoadCardAsync(pipeline, live.Version, cancellation) is not { } card
            || card.Task != data.Task || !card.Classes.SequenceEqual(data.Classes))
        {
            // No champion, or one that answers another question (the spec has changed what is learned): there is nothing to compare with.
            return null;
        }

        ScoringModel model = OnnxModel.Load(await models.LoadModelAsync(pipeline, live.Version, card, cancellation));
        float[] predictions = HoldoutScorer.Score(model, data.Holdout.Features);
        return Candidates.Finite(Metric.Evaluate(data.Task, data.Classes.Count, data.Holdout.Labels, predictions));
    }

    private async Task<RegisteredModel> RegisterAsync(
        JudgementInput input, PipelineSpec spec, TrainingData data, IReadOnlyList<CandidateResult> candidates, Judgement judgement, CancellationToken cancellation)
    {
        CandidateResult winner = judgement.Winner!;
        string modelId = input.Candidates.First(c => c.Name == winner.Name).ModelId!;
        ReadOnlyMemory<byte> onnx = await models.LoadCandidateAsync(input.Pipeline, input.RunId, winner.Name, modelId, cancellation);
        ScoringModel model = OnnxModel.Load(onnx);
        ModelVersion version = await registry.RegisterAsync(
            input.Pipeline,
            new ModelRegistration
            {
                ModelId = modelId, DatasetId = input.DatasetId, SpecHash = input.SpecHash, Candidate = winner.Name, RunId = input.RunId, Metrics = winner.Metrics,
            },
            new MoveReason("system:training", judgement.Reason, input.RunId),
            cancellation);
        ModelCard card = new()
        {
            Pipeline = input.Pipeline,
            ModelId = modelId,
            Task = data.Task,
            Target = spec.Target,
            Candidate = winner.Name,
            Inputs = [.. model.Inputs.Select(i => new FeatureSignature(i.Name, i.Kind == InputKind.Number ? FeatureKind.Number : FeatureKind.Category) { Categories = i.Categories })],
            Classes = data.Classes,
            Key = spec.Key,
            Metrics = winner.Metrics,
            Candidates = candidates,
            Gates = judgement.Gates,
            DatasetId = input.DatasetId,
            SpecHash = input.SpecHash,
            RunId = input.RunId,
            Seed = Candidates.Seed,
            TrainRows = data.Train.Features.Rows,
            HoldoutRows = data.Holdout.Features.Rows,
            Reference = [.. data.Train.Features.Features.Select(ToGroups)],
            OutputReference = ReferenceGroups.FromNumbers("output", HoldoutScorer.Summary(model, data.Holdout.Features)),
        };
        await models.SaveVersionAsync(input.Pipeline, version.Version, onnx, card, cancellation);
        var outcome = new DatasetOutcome(input.RunId, version.Version, modelId, judgement.Reason);
        await datasets.SaveOutcomeAsync(input.Pipeline, input.DatasetId, outcome, cancellation);
        await EndAsync(input, outcome, cancellation);
        return new RegisteredModel(version.Version);
    }

    private async Task<RegisteredModel> RejectAsync(JudgementInput input, string reason, CancellationToken cancellation)
    {
        var outcome = new DatasetOutcome(input.RunId, null, null, reason);
        await datasets.SaveOutcomeAsync(input.Pipeline, input.DatasetId, outcome, cancellation);
        await EndAsync(input, outcome, cancellation);
        return new RegisteredModel(null);
    }

    private Task EndAsync(JudgementInput input, DatasetOutcome outcome, CancellationToken cancellation) => ends.EndAsync(
        input.Pipeline,
        input.RunId,
        run => run with
        {
            Status = outcome.Version is null ? RunStatus.Rejected : RunStatus.Succeeded,
            Stage = outcome.Version is null ? "gates" : "registered",
            Reason = outcome.Reason,
            Outputs = outcome.Version is { } version ? [new RunArtifact("version", $"{version}"), new RunArtifact("model", outcome.ModelId!)] : [],
        },
        cancellation);

    private static FeatureGroups ToGroups(Feature feature) => feature switch
    {
        NumericFeature number => ReferenceGroups.FromNumbers(number.Name, number.Values),
        CategoricalFeature category => ReferenceGroups.FromCategories(category.Name, category.Codes, category.Categories),
        _ => throw new InvalidOperationException($"Feature '{feature.Name}' is neither a number nor a category."),
    };
}
