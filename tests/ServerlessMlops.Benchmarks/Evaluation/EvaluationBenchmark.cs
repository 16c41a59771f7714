using System.Diagnostics;
using System.Globalization;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Evaluation.Behaviour;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Benchmarks.Evaluation;

/// <summary>
/// Times a judgement as a training makes it: three candidates and a champion, ten numbers and four categories (one sensitive), two slices, six gates, six tests.
/// </summary>
internal static class EvaluationBenchmark
{
    private const string Yaml = """
        target: y
        slices: [c0, n0]
        columns: {c1: {sensitive: true}}
        gates: [auc >= 0.5, auc > champion, "slice c0: auc >= 0.5", parity(c1) <= 0.2, odds(c1) <= 0.2, size_mb <= 5]
        tests: [{invariant: {column: c1}, tolerance: 0.2}, {monotonic: {column: n0}, tolerance: 0.2}, {range: {atLeast: 0}}, {overlap: {}}, {leakage: {}}, {missing: {}}]
        """;

    public static int Run(string[] args)
    {
        int rows = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100_000, threads = Math.Max(1, Environment.ProcessorCount - 1);
        string[] classes = ["no", "yes"];
        var data = new TrainingData(LearningTask.Binary, classes, Rows(20_000, 1), Rows(rows, 2));
        PipelineSpec spec = PipelineSpecParser.Parse(Yaml).Spec!;
        (string Name, ScoringModel Model)[] models = [.. new[] { "baseline", "linear", "boosting", "champion" }.Select((name, i) => (name, Train(data, name == "champion" ? "boosting" : name, i)))];

        long start = Stopwatch.GetTimestamp();
        double Lap()
        {
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            start = Stopwatch.GetTimestamp();
            return seconds;
        }

        ScoredModel[] scored = [.. models.Select((m, i) => new ScoredModel(m.Name, "m", ModelScorer.Score(m.Model, data.Holdout.Features), new ModelCosts(1000), i == 3 ? 1 : null))];
        double scoring = Lap();
        EvaluationReport report = Evaluator.Evaluate(new EvaluationSubject("p", "r", "d", "s"), data, spec, scored[..3], scored[3], threads);
        double evaluating = Lap();
        ScoringModel winner = models.First(m => m.Name == report.Winner).Model;
        IReadOnlyList<TestVerdict> tests = BehaviourTests.Run(spec.Tests, new TestSubject(data, spec, table => ModelScorer.Score(winner, table), scored.First(m => m.Name == report.Winner).Predictions));
        double testing = Lap();
        Console.WriteLine(Judgement.Of(report with { Tests = tests }).Reason);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{rows} rows, 4 models, {report.Resamples} resamples, {threads} thread(s): scoring {scoring:0.00} s, evaluating {evaluating:0.00} s, testing {testing:0.00} s, all {scoring + evaluating + testing:0.00} s"));
        return 0;
    }

    private static ScoringModel Train(TrainingData data, string learner, int seed)
    {
        var options = new LearnerOptions { Name = learner, Seed = seed };
        return OnnxModel.Load(OnnxWriter.Write(Learner.Train(options, data.Train.Features, data.Train.Labels, LearningTask.Binary, data.Classes)));
    }

    private static LabelledRows Rows(int rows, int seed)
    {
        var random = new Random(seed);
        float[][] numbers = [.. Enumerable.Range(0, 10).Select(_ => Enumerable.Range(0, rows).Select(_ => random.NextSingle() < 0.02 ? float.NaN : random.NextSingle() * 10).ToArray())];
        int[][] codes = [.. Enumerable.Range(0, 4).Select(k => Enumerable.Range(0, rows).Select(_ => random.Next(-1, 4 * (k + 1))).ToArray())];
        float[] labels = [.. Enumerable.Range(0, rows).Select(row =>
        {
            double logit = (float.IsNaN(numbers[0][row]) ? 0 : numbers[0][row] - 5) * 0.4 + (codes[0][row] == 1 ? 1 : 0) + (float.IsNaN(numbers[1][row]) ? 0 : Math.Sin(numbers[1][row]));
            return random.NextDouble() < 1 / (1 + Math.Exp(-logit)) ? 1f : 0f;
        })];
        return new LabelledRows(
            new FeatureTable(
            [
                .. numbers.Select((values, k) => (Feature)new NumericFeature($"n{k}", values)),
                .. codes.Select((values, k) => new CategoricalFeature($"c{k}", values, [.. Enumerable.Range(0, 4 * (k + 1)).Select(c => $"v{c}")])),
            ]),
            labels);
    }
}
