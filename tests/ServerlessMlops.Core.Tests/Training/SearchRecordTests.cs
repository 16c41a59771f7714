using System.Text.Json;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Search;

namespace ServerlessMlops.Core.Tests.Training;

public sealed class SearchRecordTests
{
    private const int Seed = 7;
    private static readonly SearchSpec Asked = new() { Trials = 8 };

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
        SearchRecord record = SearchRecord.Of(Asked, Seed, "auc", [new TrialResult(Next([])[0], null, 0, "too few rows")]);

        record.Tuned().ShouldBeNull();
        record.Describe().ShouldEndWith("none could be measured: too few rows");
    }

    [Fact]
    public void Of_TheDefaultSettingsWin_FindsNoOthers()
    {
        SearchRecord record = SearchRecord.Of(Asked, Seed, "auc", [.. Next([]).Select(t => new TrialResult(t, t.Number, 1))]);

        record.Tuned().ShouldBeNull();
        record.Describe().ShouldEndWith("the default settings were the best by auc");
    }

    [Fact]
    public void Next_BudgetOfSeconds_StopsInTimeAndGoesThroughAllStages()
    {
        (SearchRecord record, TimeSpan last, TimeSpan end) = RunFor(new SearchSpec { Seconds = 60 }, trial => trial.Options.Iterations / 15.0);

        last.ShouldBeLessThan(TimeSpan.FromSeconds(60));
        end.ShouldBeInRange(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(80));
        record.Results.Select(r => r.Trial.Rung).Distinct().Count().ShouldBeGreaterThan(3);
        record.Results.Count(r => r.Trial.Rung == 0).ShouldBeLessThan(201);
        record.Best!.Trial.Rung.ShouldBe(record.Results.Max(r => r.Trial.Rung));
        record.Describe().ShouldContain($"{record.Results.Select(r => r.Trial.Number).Distinct().Count()} settings");
        record.Describe().ShouldContain("within 60 s");
    }

    [Fact]
    public void Next_OneTrialTakesAllTheTime_EndsWithItsSettings()
    {
        (SearchRecord record, _, _) = RunFor(new SearchSpec { Seconds = 10, Trials = 5 }, _ => 100);

        record.Results.Count.ShouldBe(2);
        record.Best.ShouldNotBeNull();
    }

    [Fact]
    public void Of_TheRecordedTrialsTrainedAgain_IsTheSameRecord()
    {
        Random random = new(5);
        float[] x = [.. Enumerable.Range(0, 300).Select(_ => random.NextSingle())];
        float[] y = [.. x.Select(v => v + (0.2f * random.NextSingle()) > 0.6f ? 1f : 0f)];
        var rows = new LabelledRows(new FeatureTable([new NumericFeature("x", x)]), y);
        var data = new TrainingData(LearningTask.Binary, ["no", "yes"], rows, rows);
        TrialResult Train(SearchTrial trial, double seconds)
        {
            TrainedModel model = Candidates.Train(trial, (rows, rows), data, threads: 1, CancellationToken.None);
            return Candidates.Measure(trial, model, rows, Metric.Find("log_loss"), seconds);
        }

        var asked = new SearchSpec { Seconds = 20, Trials = 30 };
        (SearchRecord record, _, _) = RunFor(asked, trial => trial.Options.Iterations / 50.0, Train);
        string json = JsonSerializer.Serialize(record, MlopsJson.Options);

        // No clock here: which trials there were stands in the record, and each is its settings and the seed.
        SearchRecord read = JsonSerializer.Deserialize<SearchRecord>(json, MlopsJson.Options)!;
        SearchRecord again = SearchRecord.Of(asked, read.Seed, read.Metric, [.. read.Results.Select(r => Train(r.Trial, r.Seconds))]);

        JsonSerializer.Serialize(again, MlopsJson.Options).ShouldBe(json);
        record.Results.Count.ShouldBeInRange(15, 60);
    }

    /// <summary>A search two at a time, by a clock that every trial moves on. Returns when its last trials began and ended.</summary>
    private static (SearchRecord Record, TimeSpan LastBegan, TimeSpan Ended) RunFor(
        SearchSpec asked, Func<SearchTrial, double> seconds, Func<SearchTrial, double, TrialResult>? train = null)
    {
        train ??= (trial, took) => new TrialResult(trial, Math.Abs(trial.Number - 5), took);
        var results = new List<TrialResult>();
        TimeSpan now = TimeSpan.Zero, began = now;
        while (SearchRecord.Next(asked, Seed, results, now, atOnce: 2) is { Count: > 0 } trials)
        {
            began = now;
            now += TimeSpan.FromSeconds(trials.Max(seconds));
            results.AddRange(trials.Select(t => train(t, seconds(t))));
        }

        return (SearchRecord.Of(asked, Seed, "log_loss", results), began, now);
    }

    /// <summary>A search whose trial 5 is best at every stage.</summary>
    private static SearchRecord Run(Func<IEnumerable<SearchTrial>, IEnumerable<SearchTrial>> order)
    {
        var results = new List<TrialResult>();
        while (Next(results) is { Count: > 0 } trials)
        {
            results.AddRange(order(trials).Select(t => new TrialResult(t, Math.Abs(t.Number - 5), 0.1)));
        }

        return SearchRecord.Of(Asked, Seed, "auc", results);
    }

    private static IReadOnlyList<SearchTrial> Next(IReadOnlyList<TrialResult> results) => SearchRecord.Next(Asked, Seed, results, TimeSpan.Zero, atOnce: 2);
}
