using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Evaluation.Behaviour;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Evaluation;

/// <summary>Hold-outs with a known truth, and models of known quality.</summary>
internal static class Judging
{
    public static readonly string[] Carriers = ["AA", "DL", "UA", "rare"];

    /// <summary>Two classes: the chance of "yes" grows with <c>speed</c> (0 to 10); <c>carrier</c> and <c>sex</c> mean nothing.</summary>
    public static TrainingData Data(int rows, int seed = 1, LearningTask task = LearningTask.Binary) =>
        new(task, task switch { LearningTask.Binary => ["no", "yes"], LearningTask.Multiclass => ["a", "b", "c"], _ => [] }, Side(2 * rows, seed + 1000, task), Side(rows, seed, task));

    /// <summary>Probabilities of "yes": the true ones, drawn away from the truth by noise on the logit.</summary>
    public static float[] Predict(TrainingData data, double noise, int seed = 5)
    {
        var random = new Random(seed);
        float[] speed = ((NumericFeature)data.Holdout.Features.Features[0]).Values;
        return [.. speed.Select(s => (float)(1 / (1 + Math.Exp(-(s - 5 + (noise * Normal(random)))))))];
    }

    public static ScoredModel Model(string name, float[] predictions, int? version = null) =>
        new(name, new string('a', 64), predictions, new ModelCosts(2_000_000, 30, 0.5, 2, 1000), version);

    public static EvaluationReport Evaluate(TrainingData data, string spec, ScoredModel? champion, params ScoredModel[] candidates) =>
        Evaluator.Evaluate(new EvaluationSubject("flights", "train-1", "d", "s"), data, Spec(spec), candidates, champion);

    public static PipelineSpec Spec(string yaml)
    {
        PipelineSpecResult result = PipelineSpecParser.Parse("target: y\n" + yaml);
        return result.Spec ?? throw new ShouldAssertException(string.Join('\n', result.Findings));
    }

    /// <summary>Runs the one test of a spec on a model given as a function of the feature columns by name.</summary>
    public static TestVerdict RunTest(TrainingData data, string yaml, Func<FeatureTable, int, float> model)
    {
        PipelineSpec spec = Spec(yaml);
        float[] Score(FeatureTable rows) => [.. Enumerable.Range(0, rows.Rows).Select(row => model(rows, row))];
        return BehaviourTests.Run(spec.Tests, new TestSubject(data, spec, Score, Score(data.Holdout.Features))).ShouldHaveSingleItem();
    }

    public static float Number(FeatureTable rows, string name, int row) => ((NumericFeature)rows.Features.Single(f => f.Name == name)).Values[row];

    public static string? Name(FeatureTable rows, string name, int row)
    {
        var feature = (CategoricalFeature)rows.Features.Single(f => f.Name == name);
        return feature.Codes[row] < 0 ? null : feature.Categories[feature.Codes[row]];
    }

    public static TrainingData WithLabels(TrainingData data, Func<int, float> label) =>
        data with { Holdout = data.Holdout with { Labels = [.. Enumerable.Range(0, data.Holdout.Labels.Length).Select(label)] } };

    private static LabelledRows Side(int rows, int seed, LearningTask task)
    {
        var random = new Random(seed);
        var (speed, carrier, sex, labels) = (new float[rows], new int[rows], new int[rows], new float[rows]);
        for (int row = 0; row < rows; row++)
        {
            speed[row] = (float)(random.NextDouble() * 10);
            carrier[row] = random.NextDouble() < 0.01 ? 3 : random.Next(3);
            sex[row] = random.Next(2);
            bool yes = random.NextDouble() < 1 / (1 + Math.Exp(-(speed[row] - 5)));
            labels[row] = task switch { LearningTask.Binary => yes ? 1 : 0, LearningTask.Multiclass => Math.Min(2, (int)(speed[row] / 3.4)), _ => (float)((2 * speed[row]) + Normal(random)) };
        }

        var table = new FeatureTable([new NumericFeature("speed", speed), new CategoricalFeature("carrier", carrier, Carriers), new CategoricalFeature("sex", sex, ["f", "m"])]);
        return new LabelledRows(table, labels) { Numbers = [.. Enumerable.Range(100, rows)] };
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
