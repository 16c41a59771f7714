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

    /// <summary>Settings tried, the default ones included.</summary>
    public required int Trials { get; init; }

    /// <summary>All trials, by stage and number.</summary>
    public required IReadOnlyList<TrialResult> Results { get; init; }

    /// <summary>The best of the last stage; null where no trial could be measured.</summary>
    public TrialResult? Best { get; init; }

    /// <summary>The options of a search that a spec asks for: the default settings and <paramref name="trials"/> more.</summary>
    public static SearchOptions Options(int trials, int seed) => new() { Trials = trials + 1, Seed = seed };

    /// <summary>The trials to run next; empty when the search is over.</summary>
    public static IReadOnlyList<SearchTrial> Next(SearchOptions options, IReadOnlyList<TrialResult> results) => SuccessiveHalving.Next(options, Outcomes(results));

    /// <summary>The record of a search that is over.</summary>
    public static SearchRecord Of(SearchOptions options, string metric, IReadOnlyList<TrialResult> results)
    {
        SearchOutcome? best = SuccessiveHalving.Best(Outcomes(results));
        return new SearchRecord
        {
            Seed = options.Seed,
            Metric = metric,
            Trials = options.Trials,
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
        string tried = $"{Trials} settings in {Results.Select(r => r.Trial.Rung).Distinct().Count()} stage(s), {Results.Count} trainings";
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
