using System.Text.Json;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners.Search;

namespace ServerlessMlops.Core.Tests.Training;

public sealed class SearchRecordTests
{
    private static readonly SearchOptions Options = SearchRecord.Options(trials: 8, seed: 7);

    [Fact]
    public void Next_WhateverTheOrderOfEnds_PlansTheSameSearch()
    {
        SearchRecord forward = Run(trials => trials);
        SearchRecord backward = Run(trials => trials.Reverse());

        JsonSerializer.Serialize(backward, MlopsJson.Options).ShouldBe(JsonSerializer.Serialize(forward, MlopsJson.Options));
        forward.Results.Count.ShouldBe(9 + 3 + 1);
        forward.Best!.Trial.Number.ShouldBe(5);
    }

    [Fact]
    public void Tuned_AfterARoundTripThroughJson_HasTheSettingsAndAllRounds()
    {
        SearchRecord record = Run(trials => trials);

        SearchRecord read = JsonSerializer.Deserialize<SearchRecord>(JsonSerializer.Serialize(record, MlopsJson.Options), MlopsJson.Options)!;

        read.Tuned()!.Iterations.ShouldBe(300);
        read.Tuned()!.LearningRate.ShouldBe(record.Best!.Trial.Options.LearningRate);
        read.Describe().ShouldStartWith("9 settings in 3 stage(s), 13 trainings; trial 5 was the best by auc: learningRate ");
    }

    [Fact]
    public void Of_NoTrialMeasured_HasNoSettingsAndSaysWhy()
    {
        SearchRecord record = SearchRecord.Of(Options, "auc", [new TrialResult(SearchRecord.Next(Options, [])[0], null, 0, "too few rows")]);

        record.Tuned().ShouldBeNull();
        record.Describe().ShouldEndWith("none could be measured: too few rows");
    }

    [Fact]
    public void Of_TheDefaultSettingsWin_FindsNoOthers()
    {
        SearchRecord record = SearchRecord.Of(Options, "auc", [.. SearchRecord.Next(Options, []).Select(t => new TrialResult(t, t.Number, 1))]);

        record.Tuned().ShouldBeNull();
        record.Describe().ShouldEndWith("the default settings were the best by auc");
    }

    /// <summary>A search whose trial 5 is best at every stage.</summary>
    private static SearchRecord Run(Func<IEnumerable<SearchTrial>, IEnumerable<SearchTrial>> order)
    {
        var results = new List<TrialResult>();
        while (SearchRecord.Next(Options, results) is { Count: > 0 } trials)
        {
            results.AddRange(order(trials).Select(t => new TrialResult(t, Math.Abs(t.Number - 5), 0.1)));
        }

        return SearchRecord.Of(Options, "auc", results);
    }
}
