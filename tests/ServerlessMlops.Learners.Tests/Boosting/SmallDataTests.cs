using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Tests.Boosting;

/// <summary>Defaults that must hold on few rows, rare classes and rich categories.</summary>
public class SmallDataTests
{
    [Fact]
    public void Train_NoiseAlone_LearnsNextToNothing()
    {
        var random = new Random(1);
        FeatureTable Draw(int rows) => new([.. Enumerable.Range(0, 8).Select(c => new NumericFeature($"x{c}", [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle())]))]);
        FeatureTable x = Draw(600), test = Draw(2000);
        float[] y = [.. Enumerable.Range(0, 600).Select(_ => random.Next(2))], testY = [.. Enumerable.Range(0, 2000).Select(_ => random.Next(2))];
        float[] p = Learner.Train(new LearnerOptions(), x, y, LearningTask.Binary, ["no", "yes"]).Predict(test);
        ProbabilityMetrics.LogLoss(testY, p, 2, null).ShouldBeLessThan(Math.Log(2) + 0.02);
    }

    [Fact]
    public void Train_FewRowsAndDefaults_IsNoWorseThanTooManyRounds()
    {
        TestData.Set train = TestData.Make(LearningTask.Regression, 300, 3), test = TestData.Make(LearningTask.Regression, 4000, 4);
        double Rmse(BoostingOptions o) => RegressionMetrics.Rmse(test.Y, Learner.Train(new LearnerOptions { BoostingOptions = o }, train.X, train.Y, train.Task, []).Predict(test.X), null);
        Rmse(new BoostingOptions()).ShouldBeLessThan(Rmse(new BoostingOptions { EarlyStoppingRounds = 0, Iterations = 300 }) * 1.02);
    }

    /// <summary>With no penalty on leaves, softmax with the plain diagonal for a hessian diverges when a class has a dozen rows.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Train_RareClass_DoesNotDiverge(double l2)
    {
        const int Rows = 6000;
        var random = new Random(5);
        var (a, b, y) = (new float[Rows], new float[Rows], new float[Rows]);
        for (int i = 0; i < Rows; i++)
        {
            (a[i], b[i]) = (random.NextSingle() * 6, random.NextSingle());
            y[i] = i < 10 ? 6 : (int)Math.Min(5, a[i]);
        }

        var x = new FeatureTable([new NumericFeature("a", a), new NumericFeature("b", b)]);
        string[] classes = [.. Enumerable.Range(0, 7).Select(k => $"{k}")];
        double Accuracy(int rounds)
        {
            var options = new LearnerOptions { BoostingOptions = new BoostingOptions { Iterations = rounds, EarlyStoppingRounds = 0, L2 = l2 } };
            return Metric.Evaluate(LearningTask.Multiclass, 7, y, Learner.Train(options, x, y, LearningTask.Multiclass, classes).Predict(x))["accuracy"];
        }

        double early = Accuracy(20);
        early.ShouldBeGreaterThan(0.98);
        Accuracy(120).ShouldBeGreaterThan(early - 0.002);
    }

    [Fact]
    public void Train_CategoriesOfTheSameMean_AreToldApart()
    {
        // Each grade has the same mean and another slope, so that a blurred mean says nothing of the grade.
        var random = new Random(6);
        (FeatureTable X, float[] Y) Draw(int rows)
        {
            int[] grade = [.. Enumerable.Range(0, rows).Select(_ => random.Next(6))];
            float[] size = [.. grade.Select(_ => (random.NextSingle() * 2) - 1)];
            return (new FeatureTable([new NumericFeature("size", size), new CategoricalFeature("grade", grade, ["a", "b", "c", "d", "e", "f"])]),
                [.. grade.Select((g, row) => size[row] * (g - 2.5f) * 2)]);
        }

        (FeatureTable x, float[] y) = Draw(3000);
        (FeatureTable newX, float[] newY) = Draw(1000);
        float[] predictions = Learner.Train(new LearnerOptions(), x, y, LearningTask.Regression, []).Predict(newX);
        RegressionMetrics.R2(newY, predictions).ShouldBeGreaterThan(0.97);
    }

    /// <summary>A category of hundreds of names that tell nothing must not be learned by heart.</summary>
    [Fact]
    public void Train_RichCategoryOfNoise_HardlyHurts()
    {
        const int Rows = 1500;
        var random = new Random(6);
        (FeatureTable With, FeatureTable Without, float[] Y) Draw()
        {
            float[] a = [.. Enumerable.Range(0, Rows).Select(_ => random.NextSingle())];
            float[] y = [.. a.Select(v => random.NextSingle() < v ? 1f : 0f)];
            int[] codes = [.. Enumerable.Range(0, Rows).Select(_ => random.Next(400))];
            var number = new NumericFeature("a", a);
            return (new FeatureTable([number, new CategoricalFeature("name", codes, [.. Enumerable.Range(0, 400).Select(k => $"n{k}")])]), new FeatureTable([number]), y);
        }

        var (train, test) = (Draw(), Draw());
        double Auc(FeatureTable x, FeatureTable on) => RankingMetrics.Auc(test.Y, Learner.Train(new LearnerOptions(), x, train.Y, LearningTask.Binary, ["no", "yes"]).Predict(on));
        Auc(train.With, test.With).ShouldBeGreaterThan(Auc(train.Without, test.Without) - 0.02);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    [InlineData(30)]
    public void Train_HandfulOfRows_GivesAFiniteModel(int rows)
    {
        foreach (LearningTask task in Enum.GetValues<LearningTask>())
        {
            TestData.Set set = TestData.Make(task, rows, 9);
            Learner.Train(new LearnerOptions(), set.X, set.Y, task, set.Classes).Predict(set.X).ShouldAllBe(p => float.IsFinite(p));
        }
    }
}
