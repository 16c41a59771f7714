using ServerlessMlops.Learners.Linear;

namespace ServerlessMlops.Learners.Tests.Linear;

public class ElasticNetTests
{
    /// <summary>
    /// Karush, Kuhn and Tucker: at the minimum the slope of the smooth part is minus the penalty's in every coefficient that is not 0, no larger than the
    /// penalty's in every one that is, and 0 in the intercepts.
    /// </summary>
    [Theory]
    [InlineData(LearningTask.Regression, 1, 3)]
    [InlineData(LearningTask.Regression, 2, 300)]
    [InlineData(LearningTask.Binary, 3, 2)]
    [InlineData(LearningTask.Binary, 4, 40)]
    [InlineData(LearningTask.Multiclass, 5, 1)]
    [InlineData(LearningTask.Multiclass, 6, 20)]
    public void Minimize_AnyTask_MeetsTheConditionsOfAMinimum(LearningTask task, int seed, double l1)
    {
        TestData.Set set = TestData.Make(task, 800, seed);
        float[] weights = [.. Enumerable.Range(0, 800).Select(row => 0.5f + (row % 3))];
        using var crew = new WorkCrew(1);
        LinearDesign design = LinearDesign.Create(set.X, weights);
        var objective = new LinearObjective(design, set.Y, weights, task, task == LearningTask.Multiclass ? 3 : 1, 0.7, crew);
        double penalty = l1 / weights.Sum();
        double[] penalties = [.. Enumerable.Range(0, objective.Size).Select(i => (i + 1) % design.Parameters == 0 ? 0 : penalty)], at = new double[objective.Size];

        OrthantWise.Minimize(objective.Evaluate, penalties, at, 3000, 1e-8, _ => { }, default);

        var slope = new double[at.Length];
        objective.Evaluate(at, slope);
        for (int i = 0; i < at.Length; i++)
        {
            if (at[i] == 0)
            {
                Math.Abs(slope[i]).ShouldBeLessThanOrEqualTo(penalties[i] + 1e-7);
            }
            else
            {
                slope[i].ShouldBe(-Math.Sign(at[i]) * penalties[i], 1e-7);
            }
        }

        at.ShouldContain(v => v != 0);
    }

    [Theory]
    [InlineData(LearningTask.Regression)]
    [InlineData(LearningTask.Binary)]
    public void Train_ManyColumnsOfNoise_DropsMostAndPredictsNoWorse(LearningTask task)
    {
        (FeatureTable x, float[] y) = Noisy(task, 300, 1);
        (FeatureTable testX, float[] testY) = Noisy(task, 2000, 2);
        string[] classes = task == LearningTask.Binary ? ["no", "yes"] : [];
        TrainedModel dense = Learner.Train(new LearnerOptions { Name = LearnerOptions.Linear, Threads = 1 }, x, y, task, classes);
        TrainedModel sparse = Learner.Train(new LearnerOptions { Name = LearnerOptions.ElasticNet, Threads = 1 }, x, y, task, classes);

        float[] weights = ((LinearPredictor)sparse.Predictor).Coefficients[0];
        weights[..3].ShouldAllBe(w => w != 0);
        weights.Count(w => w == 0).ShouldBeGreaterThan(20);
        sparse.Settings.LinearOptions.L1.ShouldBeGreaterThan(0);
        string metric = task == LearningTask.Regression ? "rmse" : "log_loss";
        double Loss(TrainedModel model) => Learners.Metrics.Metric.Evaluate(task, classes.Length, testY, model.Predict(testX))[metric];
        Loss(sparse).ShouldBeLessThan(Loss(dense));

        // The settings that the model keeps train the same model, without another search.
        Learners.Onnx.OnnxWriter.Write(Learner.Train(sparse.Settings with { Threads = 1 }, x, y, task, classes) with { Iterations = sparse.Iterations })
            .Length.ShouldBe(Learners.Onnx.OnnxWriter.Write(sparse).Length);
    }

    [Fact]
    public void Train_TargetThatNothingExplains_IsTheMean()
    {
        TestData.Set set = TestData.Make(LearningTask.Regression, 200);
        float[] same = [.. Enumerable.Repeat(4f, 200)];
        Learner.Train(new LearnerOptions { Name = LearnerOptions.ElasticNet }, set.X, same, LearningTask.Regression, []).Predict(set.X).ShouldAllBe(p => Math.Abs(p - 4f) < 1e-4f);
    }

    [Fact]
    public void Train_NegativeL1_IsRefused() =>
        Should.Throw<ArgumentException>(() => Learner.Train(
                new LearnerOptions { Name = LearnerOptions.Linear, LinearOptions = new LinearOptions { L1 = -1 } }, TestData.Make(LearningTask.Regression, 50).X, new float[50], LearningTask.Regression, []))
            .Message.ShouldContain("L1 -1");

    /// <summary>40 columns of which the first three count.</summary>
    private static (FeatureTable X, float[] Y) Noisy(LearningTask task, int rows, int seed)
    {
        var random = new Random(seed);
        float[][] columns = [.. Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, rows).Select(_ => (random.NextSingle() * 2) - 1).ToArray())];
        float[] y = [.. Enumerable.Range(0, rows).Select(row => (2 * columns[0][row]) - (1.5f * columns[1][row]) + columns[2][row] + (2 * random.NextSingle()) - 1)];
        return (new FeatureTable([.. columns.Select((c, i) => new NumericFeature($"x{i}", c))]), task == LearningTask.Binary ? Array.ConvertAll(y, v => v > 0 ? 1f : 0f) : y);
    }
}
