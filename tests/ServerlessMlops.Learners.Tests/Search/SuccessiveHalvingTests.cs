using ServerlessMlops.Learners.Search;

namespace ServerlessMlops.Learners.Tests.Search;

public class SuccessiveHalvingTests
{
    private static readonly SearchOptions Options = new() { Trials = 9, Seed = 5 };

    [Fact]
    public void Next_AnyOrderOfOutcomes_LeadsToTheSameSearch()
    {
        List<SearchOutcome> forward = Run(trials => trials), backward = Run(trials => trials.Reverse());
        forward.Select(o => (o.Trial.Number, o.Trial.Rung)).Order().ShouldBe(backward.Select(o => (o.Trial.Number, o.Trial.Rung)).Order());
        SuccessiveHalving.Best(forward).ShouldBe(SuccessiveHalving.Best(backward));
        forward.GroupBy(o => o.Trial.Rung).OrderBy(g => g.Key).Select(g => g.Count()).ShouldBe([9, 3, 1]);
        forward.Single(o => o.Trial.Rung == 2).Trial.Options.Iterations.ShouldBe(300);
        forward.First(o => o.Trial.Rung == 0).Trial.Options.Iterations.ShouldBe(34);
    }

    [Fact]
    public void Next_FailedTrials_AreNotKept()
    {
        List<SearchOutcome> outcomes = [.. SuccessiveHalving.Next(Options, []).Select(t => new SearchOutcome(t, t.Number < 7 ? double.NaN : t.Number))];
        SuccessiveHalving.Next(Options, outcomes).Select(t => t.Number).Take(2).ShouldBe([7, 8]);
    }

    [Fact]
    public void Draw_EveryTrial_IsValidAndReproducible()
    {
        for (int number = 0; number < 200; number++)
        {
            SearchSpace.Draw(Options.Defaults, 3, number).Validate().ShouldBeEmpty();
            SearchSpace.Draw(Options.Defaults, 3, number).ShouldBe(SearchSpace.Draw(Options.Defaults, 3, number));
        }

        SearchSpace.Draw(Options.Defaults, 3, 0).ShouldBe(Options.Defaults);
        Enumerable.Range(1, 50).Select(n => SearchSpace.Draw(Options.Defaults, 3, n).LearningRate).Distinct().Count().ShouldBeGreaterThan(30);
    }

    private static List<SearchOutcome> Run(Func<IEnumerable<SearchTrial>, IEnumerable<SearchTrial>> order)
    {
        var outcomes = new List<SearchOutcome>();
        while (SuccessiveHalving.Next(Options, outcomes) is { Count: > 0 } trials)
        {
            outcomes.AddRange(order(trials).Select(t => new SearchOutcome(t, Math.Abs(t.Options.LearningRate - 0.1) + (t.Number * 0.001))));
        }

        return outcomes;
    }
}
