using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Search;
using TrainingData = ServerlessMlops.Core.Training.TrainingData;

namespace ServerlessMlops.Cli.Training;

/// <summary>
/// What the service does with an upload, on this machine: ingestion into an Arrow part, the data set's assembly and reading, search, candidates,
/// metrics on the hold-out. The same code and seed: a pipeline that this is the first upload of comes to the same models.
/// </summary>
internal sealed class LocalTraining(PipelineSpec spec, string folder, int threads, TimeProvider time)
{
    /// <summary>Reads and checks a file; its rows are kept in the working folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">Schema of the file before, or null for the first.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="CliException">The file is rejected; the message has all reasons.</exception>
    public async Task<BatchResult> IngestAsync(string path, TableSchema? expected, CancellationToken cancellation)
    {
        string part = Path.Combine(folder, "part.arrow");
        BatchResult result;
        await using (FileStream arrow = File.Create(part))
        await using (FileStream rejected = File.Create(Path.Combine(folder, "rejected.csv")))
        {
            result = await Ingest.RunAsync(
                new IngestRequest
                {
                    Open = _ => ValueTask.FromResult<Stream>(File.OpenRead(path)),
                    Name = Path.GetFileName(path),
                    Spec = spec,
                    Expected = expected,
                    Arrow = arrow,
                    Rejected = rejected,
                    AsOf = time.GetUtcNow(),
                    Parallelism = threads,
                },
                cancellation);
        }

        if (result is not { Verdict: BatchVerdict.Accepted, BatchId: { } id })
        {
            throw CliException.Failed($"'{path}' is rejected: {result.Reason} 'mlops check' shows the rest.");
        }

        File.Move(part, PartOf(id), overwrite: true);
        return result;
    }

    /// <summary>The rows of an accepted file: those of the spec's window, of rows with the same key the last.</summary>
    public async Task<ColumnTable> ReadAsync(BatchResult batch, CancellationToken cancellation)
    {
        var summary = new BatchSummary
        {
            BatchId = batch.BatchId!,
            Rows = batch.RowsKept,
            Schema = batch.Schema!,
            ReceivedAt = time.GetUtcNow(),
            Newest = spec.Time is { } column && batch.Profile?.Find(column) is { Type: ColumnType.Timestamp, Max: { } max } ? (long)max : null,
        };
        DatasetManifest manifest = DatasetAssembly.Assemble([summary], spec)!;
        return await DatasetReader.ReadAsync(manifest, (id, _) => Task.FromResult<Stream>(File.OpenRead(PartOf(id))), null, cancellation);
    }

    /// <summary>Divides the rows into those to learn from and those to judge on, or takes the latter from a table of their own.</summary>
    /// <exception cref="CliException">Nothing can be learned from them.</exception>
    public TrainingData Prepare(ColumnTable rows, ColumnTable? holdout)
    {
        try
        {
            TrainingData data = holdout is null ? TrainingData.Prepare(rows, spec, SplitRule.For(spec)) : TrainingData.Prepare(rows, holdout, spec);
            Metric metric = Candidates.MetricOf(spec, data.Task);
            return metric.Judges(data.Task)
                ? data
                : throw CliException.Failed($"metric '{metric.Name}' (train.metric) does not judge a {data.Task.ToString().ToLowerInvariant()} task; expected one of {string.Join(", ", Metric.All.Where(m => m.Judges(data.Task)).Select(m => m.Name))}.");
        }
        catch (Exception problem) when (problem is UnusableDataException or ArgumentException)
        {
            throw CliException.Failed(problem.Message, problem);
        }
    }

    /// <summary>Searches for better settings of boosting, as many trials or seconds as the spec asks for.</summary>
    /// <param name="data">The data.</param>
    /// <param name="report">Told before each trial.</param>
    /// <param name="cancellation">Ends the search.</param>
    public SearchRecord Search(TrainingData data, Action<string> report, CancellationToken cancellation)
    {
        int most = SearchRecord.Options(spec.Train.Search, Candidates.Seed).Trials;
        long start = time.GetTimestamp();
        Metric metric = Candidates.MetricOf(spec, data.Task);
        (LabelledRows Fit, LabelledRows Validation) sides = data.SearchSides();
        var results = new List<TrialResult>();
        while (SearchRecord.Next(spec.Train.Search, Candidates.Seed, results, time.GetElapsedTime(start), atOnce: 1) is { Count: > 0 } trials)
        {
            foreach (SearchTrial trial in trials)
            {
                report($"trial {trial.Number} of at most {most}, stage {trial.Rung + 1}");
                (TrainedModel model, double seconds) = Timed(() => Candidates.Train(trial, sides, data, threads, cancellation));
                results.Add(Candidates.Measure(trial, model, sides.Validation, metric, seconds));
            }
        }

        return SearchRecord.Of(spec.Train.Search, Candidates.Seed, metric.Name, results);
    }

    /// <summary>Trains a candidate and measures it.</summary>
    /// <exception cref="CliException">There is no such learner.</exception>
    public (TriedCandidate Candidate, TrainedModel Model) Train(string candidate, SearchRecord? search, TrainingData data, CancellationToken cancellation)
    {
        if (Candidates.FaultOf(candidate, data.Task) is { } fault)
        {
            throw CliException.Failed($"train.candidates: {fault}");
        }

        LearnerOptions options = Candidates.OptionsOf(candidate, candidate == Candidates.Tuned ? search?.Tuned() : null);
        (TrainedModel model, double seconds) = Timed(() => Candidates.Train(options, data, threads, cancellation));
        return (new TriedCandidate(candidate, seconds, model.Iterations, Candidates.Measure(model, data)), model);
    }

    /// <summary>What the hold-out tells of a model, as the service's model card has it.</summary>
    public ModelInsight Explain(TrainedModel model, TrainingData data, Metric metric)
    {
        float[] outputs = model.Predict(data.Holdout.Features);
        return new ModelInsight(
            Bootstrap.Of(metric, data.Holdout.Labels, outputs, data.Classes.Count, seed: Candidates.Seed),
            model.Interval ?? data.HoldoutInterval(outputs, spec.IntervalCoverage()),
            InputInfluence.Of(model.Predict, [.. model.Inputs.Select(i => i.Name)], data.Holdout, data.Classes.Count, metric));
    }

    private (TrainedModel Model, double Seconds) Timed(Func<TrainedModel> train)
    {
        long start = time.GetTimestamp();
        TrainedModel model = train();
        return (model, time.GetElapsedTime(start).TotalSeconds);
    }

    private string PartOf(string batchId) => Path.Combine(folder, batchId + ".arrow");
}

/// <summary>A candidate that was tried.</summary>
/// <param name="Name">Which learner.</param>
/// <param name="Seconds">Training time.</param>
/// <param name="Iterations">Rounds or steps that were kept.</param>
/// <param name="Metrics">On the hold-out, by name; what is not a number is left out.</param>
internal sealed record TriedCandidate(string Name, double Seconds, int Iterations, IReadOnlyDictionary<string, double> Metrics);

/// <summary>What the hold-out tells of a model.</summary>
/// <param name="Metric">The metric, with its bootstrap interval.</param>
/// <param name="Interval">How far true values lie from the answers of a regression; null for other tasks, and where there are too few rows.</param>
/// <param name="Influences">What it goes by, the strongest first.</param>
internal sealed record ModelInsight(Interval Metric, ConformalInterval? Interval, IReadOnlyList<InputInfluence> Influences);

/// <summary>How long a stage took.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Seconds">Wall-clock time.</param>
internal sealed record StageTime(string Stage, double Seconds);
