using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Evaluation.Behaviour;
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
/// <param name="Incoming">Whether the candidate was made elsewhere: then the data set counts as not trained yet, whatever comes of it.</param>
public sealed record JudgementInput(
    string Pipeline, string RunId, string DatasetId, string SpecHash, IReadOnlyList<TrainedCandidate> Candidates, bool Incoming = false);

/// <summary>What came of it.</summary>
/// <param name="Version">The version registered; null where no candidate passed.</param>
public sealed record RegisteredModel(int? Version);

/// <summary>
/// Measures the candidates and the champion on the same hold-out rows, runs the behavioural tests, decides the gates, takes the winner's stored bytes
/// through the sandbox, registers it if all is well, and ends the run.
/// </summary>
public sealed class JudgeCandidates(
    TrainingDataReader reader, SpecReader specs, IDatasetStore datasets, IModelRegistry registry, IModelStore models, IEvaluationStore evaluations, IRunLog runs, RunEnds ends,
    TrainingSlot slot, IOptions<TrainingOptions> options, TimeProvider time)
{
    /// <summary>The activity. Run again, it comes to the same judgement, and the model that has a version gets no second one.</summary>
    [Function(nameof(JudgeCandidates))]
    public async Task<RegisteredModel> Run([ActivityTrigger] JudgementInput input, CancellationToken cancellation)
    {
        if (!input.Incoming && await datasets.GetOutcomeAsync(input.Pipeline, input.DatasetId, cancellation) is { } done && done.RunId == input.RunId)
        {
            // An earlier try of this activity came to its end and its answer was lost. Judging again would meet a champion that may have changed.
            await EndAsync(input, done, cancellation);
            return new RegisteredModel(done.Version);
        }

        Run stands = await runs.UpdateAsync(input.Pipeline, input.RunId, run => run with { Stage = "gates" }, cancellation);
        if (stands.IsEnded)
        {
            // Ended by an earlier try of this activity, whose version is still to be handed over; or cancelled meanwhile: nothing that it trained is to be registered.
            return new RegisteredModel(VersionOf(stands));
        }

        if (input.Candidates.All(c => c.Fault is not null))
        {
            return await RejectAsync(input, input.Candidates[0].Fault!, cancellation);
        }

        PipelineSpec spec = await specs.ReadVersionAsync(input.Pipeline, input.SpecHash, cancellation);
        TrainingData data = await reader.ReadAsync(input.Pipeline, input.DatasetId, input.SpecHash, cancellation);
        Contender? champion = await ChampionAsync(input.Pipeline, data, cancellation);
        var candidates = new List<Contender>();
        foreach (TrainedCandidate candidate in input.Candidates.Where(c => c.Fault is null))
        {
            ReadOnlyMemory<byte> onnx = await models.LoadCandidateAsync(input.Pipeline, input.RunId, candidate.Name, candidate.ModelId!, cancellation);
            ScoringModel model = OnnxModel.Load(onnx);
            candidates.Add(new Contender(candidate.Name, ModelCards.Of(input, spec, data, candidate, model), onnx, model, candidate.Seconds));
        }

        Judged judged;
        using (await slot.EnterAsync(cancellation))
        {
            judged = await Task.Run(() => Judge(input, spec, data, candidates, champion), cancellation);
        }

        if (judged.Report.Winner is { } winner && judged.Report.Sandbox is null)
        {
            // What is checked is what lies in storage, not what was in memory while it was measured.
            Contender best = candidates.First(c => c.Name == winner);
            ReadOnlyMemory<byte> stored = await models.LoadCandidateAsync(input.Pipeline, input.RunId, winner, best.Card.ModelId, cancellation);
            using (await slot.EnterAsync(cancellation))
            {
                SandboxResult sandbox = await Task.Run(() => Sandbox.Check(stored, best.Card, data.Holdout.Features, judged.Outputs[winner], new SandboxLimits(), time), cancellation);
                judged = judged with { Report = judged.Report with { Sandbox = sandbox } };
            }
        }

        Judgement judgement = Judgement.Of(judged.Report);
        judged = judged with { Report = judged.Report with { Reason = judgement.Reason } };
        await evaluations.SaveRunAsync(input.Pipeline, input.RunId, judged.Report, cancellation);
        return judgement.Accepted
            ? await RegisterAsync(input, spec, data, candidates, judged, cancellation)
            : await RejectAsync(input, judgement.Reason, cancellation);
    }

    private Judged Judge(JudgementInput input, PipelineSpec spec, TrainingData data, IReadOnlyList<Contender> candidates, Contender? champion)
    {
        // Each model scores the hold-out once; whatever is measured shares these arrays.
        Dictionary<string, float[]> outputs = candidates.ToDictionary(c => c.Name, c => ModelScorer.Score(c.Model, data.Holdout.Features), StringComparer.Ordinal);
        ScoredModel[] scored = [.. candidates.Where(c => outputs[c.Name].All(float.IsFinite)).Select(c => Scored(c, outputs[c.Name], data))];
        float[]? championOutputs = champion is null ? null : ModelScorer.Score(champion.Model, data.Holdout.Features);
        bool championAnswers = championOutputs?.All(float.IsFinite) ?? false;
        ScoredModel? serving = championAnswers ? Scored(champion!, championOutputs!, data) : null;
        EvaluationReport report = Evaluator.Evaluate(
            new EvaluationSubject(input.Pipeline, input.RunId, input.DatasetId, input.SpecHash), data, spec, scored, serving, options.Value.ThreadsHere);
        string[] broken = [.. candidates.Where(c => scored.All(s => s.Name != c.Name)).Select(c => $"Candidate '{c.Name}' answers hold-out rows with what is no number; it is left out.")];
        string[] incomparable = champion is null || championAnswers
            ? [] : [$"Version {champion.Version}, which serves, has no answer to some hold-out rows (it needs values that they lack), so nothing is compared with it."];
        report = report with { Notes = [.. broken, .. incomparable, .. report.Notes] };
        if (report.Winner is { } winner)
        {
            ScoringModel model = candidates.First(c => c.Name == winner).Model;
            float[] Score(FeatureTable rows) => ModelScorer.Score(model, rows);
            report = report with
            {
                Tests = BehaviourTests.Run(spec.Tests, new TestSubject(data, spec, Score, outputs[winner])),
                Influences = InputInfluence.Of(Score, [.. model.Inputs.Select(i => i.Name)], data.Holdout, data.Classes.Count, Metric.Find(report.Metric)),
            };
        }

        return new Judged(report, outputs);
    }

    private ScoredModel Scored(Contender contender, float[] outputs, TrainingData data)
    {
        var costs = new ModelCosts(contender.Onnx.Length, contender.TrainSeconds);
        try
        {
            (double p50, double p99, int requests) = Sandbox.Time(contender.Onnx, contender.Card, data.Holdout.Features, time);
            costs = costs with { LatencyP50Ms = p50, LatencyP99Ms = p99, Requests = requests };
        }
        catch (InvalidDataException)
        {
            // It does not serve: no latency, so no gate on it passes, and the sandbox says why should it win.
        }

        return new ScoredModel(contender.Version is null ? contender.Name : "champion", contender.Card.ModelId, outputs, costs, contender.Version);
    }

    private async Task<Contender?> ChampionAsync(string pipeline, TrainingData data, CancellationToken cancellation)
    {
        RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
        if (head.Live is not { } live || await models.LoadCardAsync(pipeline, live.Version, cancellation) is not { } card
            || card.Task != data.Task || !card.Classes.SequenceEqual(data.Classes))
        {
            // No champion, or one that answers another question (the spec has changed what is learned): there is nothing to compare with.
            return null;
        }

        ReadOnlyMemory<byte> onnx = await models.LoadModelAsync(pipeline, live.Version, card, cancellation);
        double? seconds = card.Candidates.FirstOrDefault(c => c.Name == card.Candidate)?.Seconds;
        return new Contender(card.Candidate, card, onnx, OnnxModel.Load(onnx), seconds, live.Version);
    }

    private async Task<RegisteredModel> RegisterAsync(JudgementInput input, PipelineSpec spec, TrainingData data, IReadOnlyList<Contender> candidates, Judged judged, CancellationToken cancellation)
    {
        EvaluationReport report = judged.Report;
        Contender winner = candidates.First(c => c.Name == report.Winner);
        CandidateResult[] results =
        [
            .. report.Models.Where(m => m.Version is null).Select(m => new CandidateResult(
                m.Name, m.Metrics.ToDictionary(v => v.Key, v => v.Value.Value, StringComparer.Ordinal), m.Costs.TrainSeconds ?? 0)),
        ];
        ModelCard card = ModelCards.Judged(winner.Card, data, report, results, judged.Outputs[winner.Name], winner.Model, spec.IntervalCoverage());
        ModelVersion version = await registry.RegisterAsync(
            input.Pipeline,
            new ModelRegistration
            {
                ModelId = card.ModelId, DatasetId = input.DatasetId, SpecHash = input.SpecHash, Candidate = winner.Name, RunId = input.RunId, Metrics = card.Metrics,
            },
            new MoveReason(input.Incoming ? "system:incoming" : "system:training", report.Reason, input.RunId),
            cancellation);
        await evaluations.SaveVersionAsync(input.Pipeline, version.Version, report, cancellation);
        await models.SaveVersionAsync(input.Pipeline, version.Version, winner.Onnx, card, cancellation);
        var outcome = new DatasetOutcome(input.RunId, version.Version, card.ModelId, report.Reason);
        await SaveOutcomeAsync(input, outcome, cancellation);
        await EndAsync(input, outcome, cancellation);
        return new RegisteredModel(version.Version);
    }

    private async Task<RegisteredModel> RejectAsync(JudgementInput input, string reason, CancellationToken cancellation)
    {
        var outcome = new DatasetOutcome(input.RunId, null, null, reason);
        await SaveOutcomeAsync(input, outcome, cancellation);
        await EndAsync(input, outcome, cancellation);
        return new RegisteredModel(null);
    }

    private Task SaveOutcomeAsync(JudgementInput input, DatasetOutcome outcome, CancellationToken cancellation) =>
        input.Incoming ? Task.CompletedTask : datasets.SaveOutcomeAsync(input.Pipeline, input.DatasetId, outcome, cancellation);

    /// <summary>The version that a run ended with; null where it made none.</summary>
    private static int? VersionOf(Run ended) =>
        ended is { Status: RunStatus.Succeeded } && ended.Outputs.FirstOrDefault(o => o.Kind == "version") is { } version ? int.Parse(version.Id, CultureInfo.InvariantCulture) : null;

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

    /// <summary>A model that is judged.</summary>
    private sealed record Contender(string Name, ModelCard Card, ReadOnlyMemory<byte> Onnx, ScoringModel Model, double? TrainSeconds, int? Version = null);

    /// <summary>The report, and each candidate's outputs on the hold-out.</summary>
    private sealed record Judged(EvaluationReport Report, IReadOnlyDictionary<string, float[]> Outputs);
}
