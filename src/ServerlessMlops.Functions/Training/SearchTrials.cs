using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Search;
using TrainingData = ServerlessMlops.Core.Training.TrainingData;

namespace ServerlessMlops.Functions.Training;

/// <summary>A search and how far it has come.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The training run.</param>
/// <param name="DatasetId">The data set.</param>
/// <param name="SpecHash">The spec.</param>
/// <param name="AtOnce">Trials that run at a time.</param>
/// <param name="Results">All trials so far.</param>
/// <param name="Elapsed">Time since the search began, by the orchestration's clock.</param>
public sealed record SearchInput(string Pipeline, string RunId, string DatasetId, string SpecHash, int AtOnce, IReadOnlyList<TrialResult> Results, TimeSpan Elapsed = default);

/// <summary>One trial to train.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The training run.</param>
/// <param name="DatasetId">The data set.</param>
/// <param name="SpecHash">The spec.</param>
/// <param name="Trial">Its settings.</param>
public sealed record TrialInput(string Pipeline, string RunId, string DatasetId, string SpecHash, SearchTrial Trial);

/// <summary>The steps of a search. Each follows from its input alone, so that one done twice comes to the same.</summary>
public sealed class SearchTrials(TrainingDataReader reader, SpecReader specs, IModelStore models, IRunLog runs, TrainingSlot slot)
{
    /// <summary>The trials to run next; none when the search is over.</summary>
    [Function(nameof(PlanTrials))]
    public async Task<SearchTrial[]> PlanTrials([ActivityTrigger] SearchInput search, CancellationToken cancellation)
    {
        PipelineSpec spec = await specs.ReadVersionAsync(search.Pipeline, search.SpecHash, cancellation);
        return [.. SearchRecord.Next(spec.Train.Search, Candidates.Seed, search.Results, search.Elapsed, search.AtOnce)];
    }

    /// <summary>Trains one trial on its part of the training rows and measures it on the rest. Its model is not kept: the settings make it again.</summary>
    [Function(nameof(TrainTrial))]
    public async Task<TrialResult> TrainTrial([ActivityTrigger] TrialInput input, CancellationToken cancellation)
    {
        PipelineSpec spec = await specs.ReadVersionAsync(input.Pipeline, input.SpecHash, cancellation);
        TrainingData data = await reader.ReadAsync(input.Pipeline, input.DatasetId, input.SpecHash, cancellation);
        (LabelledRows Fit, LabelledRows Validation) sides;
        try
        {
            sides = data.SearchSides();
        }
        catch (UnusableDataException e)
        {
            return new TrialResult(input.Trial, null, 0, e.Message);
        }

        (TrainedModel model, double seconds) = await slot.TrainAsync(
            input.Pipeline, input.RunId, (threads, token) => Candidates.Train(input.Trial, sides, data, threads, token), cancellation);
        return Candidates.Measure(input.Trial, model, sides.Validation, Candidates.MetricOf(spec, data.Task), seconds);
    }

    /// <summary>Keeps the record of the search, names it on the run, and returns the settings it found; null where the default ones are the best.</summary>
    [Function(nameof(RecordSearch))]
    public async Task<BoostingOptions?> RecordSearch([ActivityTrigger] SearchInput search, CancellationToken cancellation)
    {
        PipelineSpec spec = await specs.ReadVersionAsync(search.Pipeline, search.SpecHash, cancellation);
        TrainingData data = await reader.ReadAsync(search.Pipeline, search.DatasetId, search.SpecHash, cancellation);
        SearchRecord record = SearchRecord.Of(spec.Train.Search, Candidates.Seed, Candidates.MetricOf(spec, data.Task).Name, search.Results);
        string path = await models.SaveSearchAsync(search.Pipeline, search.RunId, record, cancellation);
        var artifact = new RunArtifact("search", path, record.Describe());
        await runs.UpdateAsync(
            search.Pipeline, search.RunId, run => run.Outputs.Contains(artifact) ? run : run with { Outputs = [.. run.Outputs, artifact] }, cancellation);
        return record.Tuned();
    }
}
