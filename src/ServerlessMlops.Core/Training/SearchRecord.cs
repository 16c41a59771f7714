using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Search;

namespace ServerlessMlops.Core.Training;

/// <summary>How a trial of a search fared.</summary>
/// <param name="Trial">The trial and its settings.</param>
/// <param name="Loss">By the search's metric on the validation rows, turned so that smaller is better; null where it could not be measured.</param>
/// <param name="Seconds">Training time.</param>
/// <param name="Fault">Why it could not be measured, or null.</param>
public sealed record TrialResult(SearchTrial Trial, double? Loss, double Seconds, string? Fault = null);

/// <summary>
/// A search for better settings as it went (<c>models/{p}/runs/{runId}/search.json</c>): every trial, so that the search can be read, drawn and
/// done again.
/// </summary>
public sealed record SearchRecord
{
    /// <summary>Seed of the draws.</summary>
    public required int Seed { get; init; }

    /// <summary>Metric that trials are compared by.</summary>
    public required string Metric { get; init; }

    /// <summary>Settings to try at most, the default ones included.</summary>
    public required int Trials { get; init; }

    /// <summary>The budget of time in seconds; 0 where there was none.</summary>
    public double Seconds { get; init; }

    /// <summary>All trials, by stage and number.</summary>
    public required IReadOnlyList<TrialResult> Results { get; init; }

    /// <summary>The best of the last stage; null where no trial could be measured.</summary>
    public TrialResult? Best { get; init; }

    /// <summary>Settings to try at most beside the default ones; 0 where the spec asks for no search, or has nothing to search for.</summary>
    public static int TrialsAskedFor(PipelineSpec spec) => spec.Train.Candidates.Contains(LearnerOptions.Boosting) ? spec.Train.Search.MostTrials : 0;

    /// <summary>The options of a search that a spec asks for: the default settings and some more.</summary>
    public static SearchOptions Options(SearchSpec search, int seed) => new() { Trials = search.MostTrials + 1, Seed = seed };

    /// <summary>
    /// The trials to run next; empty when the search is over. Without a budget of time all of a stage; with one, as many as run at once, since the clock decides on
    /// more.
    /// </summary>
    /// <param name="search">What the spec asks for.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="results">All trials so far.</param>
    /// <param name="elapsed">Time since the search began.</param>
    /// <param name="atOnce">Trials that run at a time.</param>
    public static IReadOnlyList<SearchTrial> Next(SearchSpec search, int seed, IReadOnlyList<TrialResult> results, TimeSpan elapsed, int atOnce)
    {
        SearchOptions options = Options(search, seed);
        return search.Seconds > 0
            ? [.. SuccessiveHalving.Next(options, Outcomes(results), elapsed.TotalSeconds / search.Seconds).Take(Math.Max(1, atOnce))]
            : SuccessiveHalving.Next(options, Outcomes(results));
    }

    /// <summary>The record of a search that is over.</summary>
    public static SearchRecord Of(SearchSpec search, int seed, string metric, IReadOnlyList<TrialResult> results)
    {
        SearchOptions options = Options(search, seed);
        SearchOutcome? best = SuccessiveHalving.Best(Outcomes(results));
        return new SearchRecord
        {
            Seed = options.Seed,
            Metric = metric,
            Trials = options.Trials,
            Seconds = search.Seconds,
            Results = [.. results.OrderBy(r => r.Trial.Rung).ThenBy(r => r.Trial.Number)],
            Best = best is null ? null : results.First(r => r.Trial.Number == best.Trial.Number && r.Trial.Rung == best.Trial.Rung),
        };
    }

    /// <summary>The settings that won, with all their rounds; null where none was measured, or the default ones won.</summary>
    public BoostingOptions? Tuned() =>
        Best is { Trial: { Number: > 0 } trial } ? trial.Options with { Iterations = new BoostingOptions().Iterations } : null;

    /// <summary>The search in a sentence.</summary>
    public string Describe()
    {
        int settings = Seconds > 0 ? Results.Select(r => r.Trial.Number).Distinct().Count() : Trials;
        string budget = Seconds > 0 ? FormattableString.Invariant($" within {Seconds} s") : "";
        string tried = $"{settings} settings in {Results.Select(r => r.Trial.Rung).Distinct().Count()} stage(s), {Results.Count} trainings{budget}";
        return Best switch
        {
            null => $"{tried}; none could be measured: {Results.FirstOrDefault(r => r.Fault is not null)?.Fault ?? "no trial ended"}",
            { Trial.Number: 0 } => $"{tried}; the default settings were the best by {Metric}",
            { Trial: var t } => FormattableString.Invariant(
                $"{tried}; trial {t.Number} was the best by {Metric}: learningRate {t.Options.LearningRate}, maxLeaves {t.Options.MaxLeaves}, minSamplesLeaf {t.Options.MinSamplesLeaf}, l2 {t.Options.L2}, rowSample {t.Options.RowSample}, columnSample {t.Options.ColumnSample}, maxDepth {t.Options.MaxDepth}"),
        };
    }

    private static SearchOutcome[] Outcomes(IReadOnlyList<TrialResult> results) => [.. results.Select(r => new SearchOutcome(r.Trial, r.Loss ?? double.NaN))];
}
