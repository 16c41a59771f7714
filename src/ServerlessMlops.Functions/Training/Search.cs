using Microsoft.DurableTask;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Search;

namespace ServerlessMlops.Functions.Training;

/// <summary>The search for better settings of boosting, as a part of the training's orchestration: stages of trials, a few at a time.</summary>
internal static class Search
{
    /// <summary>Runs the search. Returns the settings it found; null where the default ones are the best.</summary>
    public static async Task<BoostingOptions?> RunAsync(TaskOrchestrationContext context, TrainingInput input, AssembledDataset data)
    {
        var search = new SearchInput(input.Pipeline, input.RunId, data.DatasetId, data.SpecHash, data.AtOnce, []);
        DateTime start = context.CurrentUtcDateTime;
        var results = new List<TrialResult>();
        SearchTrial[] trials;
        while ((trials = await PlanAsync()).Length > 0)
        {
            int before = results.Count;
            results.AddRange(await FanOut.RunAsync(
                trials,
                data.AtOnce,
                trial => context.CallActivityAsync<TrialResult>(
                    nameof(SearchTrials.TrainTrial), new TrialInput(input.Pipeline, input.RunId, data.DatasetId, data.SpecHash, trial), Retries.Activity),
                done => context.SetCustomStatus(new TrainingProgress("searching", before + done, before + trials.Length))));
        }

        return await context.CallActivityAsync<BoostingOptions?>(nameof(SearchTrials.RecordSearch), search with { Results = results }, Retries.Activity);

        // Which trials come next is an activity's answer, not code of the orchestrator: a newer build may draw otherwise, and a search goes on as it began.
        Task<SearchTrial[]> PlanAsync() => context.CallActivityAsync<SearchTrial[]>(
            nameof(SearchTrials.PlanTrials), search with { Results = results, Elapsed = context.CurrentUtcDateTime - start }, Retries.Activity);
    }
}
