using ServerlessMlops.Core.Evaluation.Gates;
using ServerlessMlops.Core.Evaluation.Measuring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>A model with its predictions on the hold-out, made once and shared by all that is measured.</summary>
/// <param name="Name">The candidate, or <c>champion</c>.</param>
/// <param name="ModelId">SHA-256 of its bytes.</param>
/// <param name="Predictions">Row-major, finite.</param>
/// <param name="Costs">What it costs.</param>
/// <param name="Version">Its version, if it has one.</param>
public sealed record ScoredModel(string Name, string ModelId, float[] Predictions, ModelCosts Costs, int? Version = null);

/// <summary>Whose evaluation it is.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The training run.</param>
/// <param name="DatasetId">The data set.</param>
/// <param name="SpecHash">The spec's hash.</param>
public sealed record EvaluationSubject(string Pipeline, string RunId, string DatasetId, string SpecHash);

/// <summary>
/// Measures candidates and champion on the same hold-out rows, picks the winner and decides the gates: predictions in, report out. Every resample is common
/// to all models, so that differences between them are paired.
/// </summary>
public sealed class Evaluator
{
    /// <summary>Candidates, the best ones, that are looked at in detail: slices, fairness, calibration, errors.</summary>
    public const int MostDetailed = 3;

    private readonly TrainingData _data;
    private readonly PipelineSpec _spec;
    private readonly ScoredModel[] _models;
    private readonly bool _hasChampion;
    private readonly int _threads;
    private readonly int _resamples;
    private readonly Metric[] _metrics;
    private readonly Metric _primary;
    private readonly (GateSpec Spec, Gate Gate)[] _gates;

    private Evaluator(TrainingData data, PipelineSpec spec, IReadOnlyList<ScoredModel> candidates, ScoredModel? champion, int threads)
    {
        _data = data;
        _spec = spec;
        _threads = threads;
        _models = champion is null ? [.. candidates] : [.. candidates, champion];
        _hasChampion = champion is not null;
        _resamples = Resampling.For(data.Holdout.Labels.Length);
        _metrics = [.. Metric.All.Where(m => m.Judges(data.Task))];
        _primary = Candidates.MetricOf(spec, data.Task);
        _gates =
        [
            .. spec.Gates.Select(g => Gate.TryParse(g.Gate, out Gate? gate, out string? fault)
                ? (g, gate)
                : throw new ArgumentException($"Gate '{g.Gate}': {fault}; specs are checked for that when they come in.")),
        ];
    }

    private int Classes => _data.Classes.Count;

    private float[] Labels => _data.Holdout.Labels;

    /// <summary>Evaluates.</summary>
    /// <param name="subject">Whose evaluation it is.</param>
    /// <param name="data">The data set; its hold-out is judged on.</param>
    /// <param name="spec">Metric, slices, sensitive columns and gates.</param>
    /// <param name="candidates">In the spec's order, distinct by name.</param>
    /// <param name="champion">The version that serves; null where none does.</param>
    /// <param name="threads">At most so many at once; changes the time it takes, never the report.</param>
    /// <exception cref="ArgumentException">A gate cannot be parsed, or the metric is not one.</exception>
    public static EvaluationReport Evaluate(
        EvaluationSubject subject, TrainingData data, PipelineSpec spec, IReadOnlyList<ScoredModel> candidates, ScoredModel? champion, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(candidates);
        return new Evaluator(data, spec, candidates, champion, threads).Evaluate(subject);
    }

    private EvaluationReport Evaluate(EvaluationSubject subject)
    {
        HashSet<string> all = [.. _metrics.Select(m => m.Name)];
        IReadOnlyDictionary<string, SampledValue>[] measured = MetricSampler.Measure(Labels, [.. _models.Select(m => m.Predictions)], Classes, _metrics, all, _resamples, _threads);
        int candidates = _models.Length - (_hasChampion ? 1 : 0);
        int[] ranked =
        [
            // Ties go to the candidate that the spec names first: the simpler one, in the usual order.
            .. Enumerable.Range(0, candidates).Where(m => measured[m].ContainsKey(_primary.Name))
                .OrderBy(m => _primary.HigherIsBetter ? -measured[m][_primary.Name].Value : measured[m][_primary.Name].Value),
        ];
        int[] detailed = [.. ranked.Take(MostDetailed), .. _hasChampion ? [_models.Length - 1] : Array.Empty<int>()];
        var details = new EvaluationDetails(_data, _spec, [.. detailed.Select(m => _models[m].Predictions)], _metrics, _primary, _gates.Select(g => g.Gate), _resamples, _threads);
        ModelEvaluation[] evaluations =
        [
            .. _models.Select((model, m) =>
            {
                var plain = new ModelEvaluation
                {
                    Name = model.Name,
                    ModelId = model.ModelId,
                    Version = model.Version,
                    Costs = model.Costs,
                    Metrics = measured[m].ToDictionary(v => v.Key, v => v.Value.Estimate(), StringComparer.Ordinal),
                };
                int at = Array.IndexOf(detailed, m);
                return at < 0 ? plain : details.Describe(plain, at);
            }),
        ];
        int? winner = ranked.Length > 0 ? ranked[0] : null;
        return new EvaluationReport
        {
            Pipeline = subject.Pipeline,
            RunId = subject.RunId,
            DatasetId = subject.DatasetId,
            SpecHash = subject.SpecHash,
            Task = _data.Task,
            Metric = _primary.Name,
            Rows = Labels.Length,
            Resamples = _resamples,
            Seed = Resampling.Seed,
            Winner = winner is { } best ? _models[best].Name : null,
            ChampionVersion = _hasChampion ? _models[^1].Version : null,
            Models = evaluations,
            Notes = [.. Notes()],
            Comparisons = winner is { } challenger && _hasChampion ? Compare(measured[challenger], measured[^1]) : [],
            Gates = winner is { } judged ? [.. _gates.Select(g => GateDecision.Decide(g.Gate, EvidenceFor(g.Gate.Subject, judged, measured, details), g.Spec.Severity, g.Spec.Confident))] : [],
        };
    }

    /// <summary>Columns that the spec wants looked at and that have no groups: text, identifiers, or not there.</summary>
    private IEnumerable<string> Notes()
    {
        var features = _data.Holdout.Features.Features.Concat(_data.Holdout.Besides).Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        return _spec.Slices.Where(column => !features.Contains(column)).Select(column => $"'slices' names '{column}', which is no category or number of the data; models are not measured by it.")
            .Concat(_spec.Columns.Where(c => c.Value.Sensitive && c.Key != _spec.Target && c.Key != _spec.Key && c.Key != _spec.Time && !features.Contains(c.Key))
                .Select(c => $"'{c.Key}' is sensitive and no category or number of the data; fairness is not judged by it."));
    }

    private MetricComparison[] Compare(IReadOnlyDictionary<string, SampledValue> challenger, IReadOnlyDictionary<string, SampledValue> champion) =>
    [
        .. _metrics.Where(m => challenger.ContainsKey(m.Name) && champion.ContainsKey(m.Name)).Select(m =>
        {
            (SampledValue ours, SampledValue theirs, double sign) = (challenger[m.Name], champion[m.Name], m.HigherIsBetter ? 1 : -1);
            double[] gains = [.. ours.Resamples.Zip(theirs.Resamples, (a, b) => sign * (a - b))];
            DifferenceEstimate gain = DifferenceEstimate.Of(Bootstrap.CompareOf(sign * (ours.Value - theirs.Value), gains, Labels.Length));
            ComparisonOutcome outcome = gain.Low > 0 ? ComparisonOutcome.Wins : gain.High < 0 ? ComparisonOutcome.Loses : ComparisonOutcome.InsideNoise;
            return new MetricComparison(m.Name, outcome, ours.Value, theirs.Value, gain);
        }),
    ];

    private GateEvidence EvidenceFor(GateSubject subject, int winner, IReadOnlyDictionary<string, SampledValue>[] measured, EvaluationDetails details)
    {
        if (subject.Fault(_data.Task) is { } fault)
        {
            return GateEvidence.Absent(fault);
        }

        switch (subject.Kind)
        {
            case GateSubjectKind.Metric:
                return measured[winner].TryGetValue(subject.Name, out SampledValue? value)
                    ? new GateEvidence([new Measurement(value, _hasChampion ? measured[^1].GetValueOrDefault(subject.Name) : null)]) { HasChampion = _hasChampion }
                    : GateEvidence.Absent("it is not a number on these rows; they may be of one class only");
            case GateSubjectKind.Cost:
                ModelCosts costs = _models[winner].Costs;
                SampledValue? Cost(ModelCosts of) => of.Find(subject.Name) is { } cost ? new SampledValue(cost, of.Requests, []) : null;
                return Cost(costs) is { } own
                    ? new GateEvidence([new Measurement(own, _hasChampion ? Cost(_models[^1].Costs) : null)]) { HasChampion = _hasChampion, IsExact = true, Unit = "request" }
                    : GateEvidence.Absent("it was not measured");
            default:
                return details.EvidenceFor(subject, _hasChampion);
        }
    }
}
