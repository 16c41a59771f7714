using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Learners.Search;

/// <summary>Settings of a search.</summary>
public sealed record SearchOptions
{
    /// <summary>Trials of the first stage, 1 to 1,000. Default 16.</summary>
    public int Trials { get; init; } = 16;

    /// <summary>Of every stage, one in so many trials goes on, with so many times the rounds; 2 to 10. Default 3.</summary>
    public int Reduction { get; init; } = 3;

    /// <summary>Of the draws. Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>What is not searched.</summary>
    public BoostingOptions Defaults { get; init; } = new();
}

/// <summary>
/// Successive halving (Jamieson and Talwalkar, AISTATS 2016) as plain functions of what was tried: whoever runs the trials, in any order and on any machine,
/// asks what is next, and the record of outcomes alone reproduces the search. With a budget of time every stage has an equal share of it, as stages of
/// equal training do, and goes on with the trials that it got to.
/// </summary>
public static class SuccessiveHalving
{
    /// <summary>Stages of a search: enough to come down to one trial.</summary>
    public static int Rungs(SearchOptions options)
    {
        Check(options);
        int rungs = 1;
        for (int left = options.Trials; left > 1; left = (left + options.Reduction - 1) / options.Reduction)
        {
            rungs++;
        }

        return rungs;
    }

    /// <summary>
    /// The trials to run next, given all outcomes so far: the rest of a stage that has begun, then the best of it with more rounds; empty when the
    /// search is over.
    /// </summary>
    /// <param name="options">Of the search.</param>
    /// <param name="outcomes">All so far, in any order.</param>
    /// <param name="spent">Share of the time that is gone, 0 without a budget of time. Who has one runs a few trials and asks again.</param>
    public static IReadOnlyList<SearchTrial> Next(SearchOptions options, IReadOnlyCollection<SearchOutcome> outcomes, double spent = 0)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        int rungs = Rungs(options);
        IReadOnlyList<int> numbers = [.. Enumerable.Range(0, options.Trials)];
        for (int rung = 0; rung < rungs; rung++)
        {
            var done = outcomes.Where(o => o.Trial.Rung == rung).ToDictionary(o => o.Trial.Number);
            int[] open = [.. numbers.Where(n => !done.ContainsKey(n))];
            bool isOver = done.Count > 0 ? spent >= (rung + 1.0) / rungs || outcomes.Any(o => o.Trial.Rung > rung) : spent >= 1 && rung > 0;
            if (open.Length > 0 && !isOver)
            {
                return [.. open.Select(n => MakeTrial(options, n, rung, rungs))];
            }

            numbers = [.. numbers.Where(done.ContainsKey)];
            if (numbers.Count == 0)
            {
                break;
            }

            int keep = (numbers.Count + options.Reduction - 1) / options.Reduction;
            numbers = [.. Rank(numbers.Select(n => done[n])).Take(keep).Select(o => o.Trial.Number)];
        }

        return [];
    }

    /// <summary>The best outcome of the furthest stage, or null when nothing has succeeded.</summary>
    public static SearchOutcome? Best(IReadOnlyCollection<SearchOutcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        return outcomes.Where(o => !double.IsNaN(o.Loss)).GroupBy(o => o.Trial.Rung).MaxBy(g => g.Key) is { } last ? Rank(last).First() : null;
    }

    /// <summary>Smallest loss first, failures last; equals by number, so that the order does not hang on who finished first.</summary>
    private static IOrderedEnumerable<SearchOutcome> Rank(IEnumerable<SearchOutcome> outcomes) =>
        outcomes.OrderBy(o => double.IsNaN(o.Loss) ? double.PositiveInfinity : o.Loss).ThenBy(o => o.Trial.Number);

    private static SearchTrial MakeTrial(SearchOptions options, int number, int rung, int rungs)
    {
        double share = Math.Pow(options.Reduction, rung - (rungs - 1));
        BoostingOptions drawn = SearchSpace.Draw(options.Defaults, options.Seed, number);
        return new SearchTrial(number, rung, drawn with { Iterations = Math.Max(10, (int)Math.Ceiling(options.Defaults.Iterations * share)) });
    }

    private static void Check(SearchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Trials is < 1 or > 1000 || options.Reduction is < 2 or > 10)
        {
            throw new ArgumentException($"A search has {options.Trials} trials and reduction {options.Reduction}; expected 1 to 1000 and 2 to 10.", nameof(options));
        }
    }
}
