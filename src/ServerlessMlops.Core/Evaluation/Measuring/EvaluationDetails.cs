using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation.Measuring;

/// <summary>What is looked at in the best candidates and the champion beyond metrics over all rows. The winner comes first, the champion, if any, last.</summary>
internal sealed class EvaluationDetails
{
    private readonly TrainingData _data;
    private readonly PipelineSpec _spec;
    private readonly IReadOnlyList<float[]> _predictions;
    private readonly Dictionary<string, RowGroups> _groups;
    private readonly Dictionary<string, (string Group, int Rows, IReadOnlyDictionary<string, SampledValue>[] Models)[]> _slices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (FairnessEvaluation Evaluation, SampledValue? Parity, SampledValue? Odds)[]> _fairness = new(StringComparer.Ordinal);

    public EvaluationDetails(
        TrainingData data, PipelineSpec spec, IReadOnlyList<float[]> predictions, IReadOnlyList<Metric> metrics, Metric primary, IEnumerable<Gate> gates, int resamples, int threads)
    {
        _data = data;
        _spec = spec;
        _predictions = predictions;
        _groups = data.Holdout.Features.Features.Concat(data.Holdout.Besides).Select(RowGroups.Of).ToDictionary(g => g.Column, StringComparer.Ordinal);
        Gate[] all = [.. gates];
        string[] sensitive = [.. _groups.Keys.Where(IsSensitive)];
        foreach (string column in sensitive.Concat(spec.Slices).Concat(all.Where(g => g.Subject.Kind == GateSubjectKind.Slice).Select(g => g.Subject.Column!)).Distinct())
        {
            if (_groups.TryGetValue(column, out RowGroups? rows))
            {
                HashSet<string> sampled = [primary.Name, .. all.Where(g => g.Subject.Kind == GateSubjectKind.Slice && g.Subject.Column == column).Select(g => g.Subject.Name)];
                _slices[column] = [.. rows.Supported.Select(g => Slice(rows, g, metrics, sampled, resamples, threads))];
            }
        }

        if (data.Task != LearningTask.Regression)
        {
            foreach (string column in sensitive.Concat(all.Where(g => g.Subject.Kind is GateSubjectKind.Parity or GateSubjectKind.Odds).Select(g => g.Subject.Column!)).Distinct())
            {
                if (_groups.TryGetValue(column, out RowGroups? rows))
                {
                    _fairness[column] = [.. predictions.Select(p => Fairness.Measure(rows, data.Holdout.Labels, p, data.Classes.Count, resamples, threads))];
                }
            }
        }
    }

    /// <summary>Adds what is known of model <paramref name="at"/>.</summary>
    public ModelEvaluation Describe(ModelEvaluation plain, int at)
    {
        double[] losses = MetricSampler.Losses(_data.Task, _data.Classes.Count, _data.Holdout.Labels, _predictions[at]);
        return plain with
        {
            Slices =
            [
                .. from column in _slices
                   from slice in column.Value
                   select new SliceEvaluation(column.Key, slice.Group, slice.Rows, slice.Models[at].ToDictionary(
                       m => m.Key, m => m.Value.Resamples.Length > 0 ? m.Value.Estimate() : new MetricEstimate(m.Value.Value, slice.Rows), StringComparer.Ordinal)),
            ],
            Fairness = [.. _fairness.Select(f => f.Value[at].Evaluation)],
            Calibration = Calibration.Measure(_data.Task, _data.Classes.Count, _data.Holdout.Labels, _predictions[at]),
            WeakSegments = WeakSegments.Find([.. _groups.Values], losses),
            WorstRows = WorstRows.Find(_data, _spec, _predictions[at], losses),
        };
    }

    /// <summary>What a gate over groups is decided on.</summary>
    public GateEvidence EvidenceFor(GateSubject subject, bool hasChampion)
    {
        string column = subject.Column!;
        if (!_groups.TryGetValue(column, out RowGroups? rows))
        {
            return GateEvidence.Absent($"the data has no column '{column}' to group by; it has {string.Join(", ", _groups.Keys)}");
        }

        int champion = _predictions.Count - 1;
        bool isSensitive = IsSensitive(column);
        if (subject.Kind == GateSubjectKind.Slice)
        {
            Measurement[] measurements =
            [
                .. _slices[column].Where(s => s.Models[0].ContainsKey(subject.Name)).Select(s =>
                    new Measurement(s.Models[0][subject.Name], hasChampion ? s.Models[champion].GetValueOrDefault(subject.Name) : null, s.Group)),
            ];
            return new GateEvidence(measurements) { HasChampion = hasChampion, GroupsLeftOut = rows.Names.Count - measurements.Length, IsSensitive = isSensitive };
        }

        SampledValue? Of(int model) => subject.Kind == GateSubjectKind.Parity ? _fairness[column][model].Parity : _fairness[column][model].Odds;
        return Of(0) is { } value
            ? new GateEvidence([new Measurement(value, hasChampion ? Of(champion) : null)])
            {
                HasChampion = hasChampion, GroupsLeftOut = _fairness[column][0].Evaluation.GroupsLeftOut, IsSensitive = isSensitive,
            }
            : GateEvidence.Absent($"fewer than two groups of {column} have {RowGroups.LeastRows} rows");
    }

    private bool IsSensitive(string column) => _spec.Columns.TryGetValue(column, out ColumnSpec? known) && known.Sensitive;

    private (string Group, int Rows, IReadOnlyDictionary<string, SampledValue>[] Models) Slice(
        RowGroups rows, int group, IReadOnlyList<Metric> metrics, HashSet<string> sampled, int resamples, int threads)
    {
        int[] chosen = rows.Rows[group];
        float[] labels = FeatureTable.Take<float>(_data.Holdout.Labels, chosen);
        float[][] taken = [.. _predictions.Select(p => MetricSampler.Take(p, chosen, _data.Holdout.Labels.Length))];
        return (rows.Names[group], chosen.Length, MetricSampler.Measure(labels, taken, _data.Classes.Count, metrics, sampled, resamples, threads));
    }
}
