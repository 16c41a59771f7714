using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Tests.Boosting;

public class BoostingTests
{
    private static readonly BoostingOptions Plain = new() { Iterations = 30, EarlyStoppingRounds = 0 };

    [Fact]
    public void Train_StepFunction_FindsTheStepsExactly()
    {
        float[] x = [.. Enumerable.Range(0, 300).Select(i => (float)i)], y = [.. x.Select(v => v < 100 ? 1f : v < 200 ? 5f : -2f)];
        BoostingResult result = GradientBoosting.Train(
            new TrainingData([x], y), null, LearningTask.Regression, 0, null, Plain with { Iterations = 1, LearningRate = 1, MaxLeaves = 3, L2 = 0 });
        DecisionTree tree = result.Ensemble.Trees[0];
        tree.LeafCount.ShouldBe(3);
        tree.Nodes.Where(n => !n.IsLeaf).Select(n => n.Threshold).Order().ShouldBe([99.5f, 199.5f]);
        var scores = new float[300];
        result.Ensemble.Score(x, 300, 300, scores);
        scores.Zip(y).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 1e-4);
    }

    [Fact]
    public void Train_Covers_ChildrenPartitionTheirParent()
    {
        TestData.Set set = TestData.Make(LearningTask.Regression, 3000);
        TrainedModel model = Learner.Train(new LearnerOptions { BoostingOptions = Plain }, set.X, set.Y, set.Task, []);
        foreach (TreeNode[] nodes in ((TreeEnsemble)model.Predictor).Trees.Select(t => t.Nodes))
        {
            nodes[0].Cover.ShouldBe(3000);
            foreach (TreeNode node in nodes.Where(n => !n.IsLeaf))
            {
                (nodes[node.Left].Cover + nodes[node.Right].Cover).ShouldBe(node.Cover);
                Math.Min(nodes[node.Left].Cover, nodes[node.Right].Cover).ShouldBeGreaterThanOrEqualTo(20);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Train_Monotonic_NeverMovesTheWrongWay(int direction)
    {
        TestData.Set set = TestData.Make(LearningTask.Regression, 3000);
        var options = new LearnerOptions { BoostingOptions = Plain with { Monotonic = new Dictionary<string, int> { ["a"] = direction } } };
        TrainedModel model = Learner.Train(options, set.X, set.Y, set.Task, []);
        float[][] curves = [.. Enumerable.Range(0, 60).Select(step => model.Predict(new FeatureTable(
            [.. set.X.Select([.. Enumerable.Range(0, 50)]).Features.Select(f => f.Name == "a" ? new NumericFeature("a", [.. Enumerable.Repeat(step / 6f, 50)]) : f)])))];
        for (int step = 1; step < curves.Length; step++)
        {
            curves[step].Zip(curves[step - 1], (now, before) => direction * (now - before)).ShouldAllBe(d => d >= 0);
        }
    }

    [Fact]
    public void Train_RowsInAnotherOrder_GivesTheSameModel()
    {
        TestData.Set set = TestData.Make(LearningTask.Binary, 2000);
        float[][] columns = [.. set.X.Features.OfType<NumericFeature>().Select(f => f.Values)];
        int[] order = [.. Enumerable.Range(0, 2000).OrderBy(i => (i * 7919L) % 2003)];
        BoostingResult a = GradientBoosting.Train(new TrainingData(columns, set.Y), null, set.Task, 2, null, Plain);
        BoostingResult b = GradientBoosting.Train(
            new TrainingData([.. columns.Select(c => FeatureTable.Take<float>(c, order))], FeatureTable.Take<float>(set.Y, order)), null, set.Task, 2, null, Plain);
        b.Ensemble.Trees.SelectMany(t => t.Nodes).ShouldBe(a.Ensemble.Trees.SelectMany(t => t.Nodes));
    }

    [Theory]
    [InlineData(BoostingLoss.Squared, 0.5)]
    [InlineData(BoostingLoss.Absolute, 0.5)]
    [InlineData(BoostingLoss.Quantile, 0.9)]
    public void Train_RegressionLoss_LowersThatLoss(BoostingLoss loss, double quantile)
    {
        TestData.Set train = TestData.Make(LearningTask.Regression, 3000, 1), test = TestData.Make(LearningTask.Regression, 2000, 2);
        var options = new LearnerOptions { BoostingOptions = Plain with { Loss = loss, Quantile = quantile, Iterations = 100 } };
        float[] predictions = Learner.Train(options, train.X, train.Y, train.Task, []).Predict(test.X);
        float[] constant = Learner.Train(options with { Name = LearnerOptions.Baseline }, train.X, train.Y, train.Task, []).Predict(test.X);
        RegressionMetrics.Pinball(test.Y, predictions, quantile).ShouldBeLessThan(0.5 * RegressionMetrics.Pinball(test.Y, constant, quantile));
        double below = test.Y.Zip(predictions).Count(p => p.First <= p.Second) / 2000.0;
        below.ShouldBeInRange(quantile - 0.08, quantile + 0.08);
    }

    [Fact]
    public void Train_PoissonLoss_PredictsPositiveMeans()
    {
        var random = new Random(5);
        float[] x = [.. Enumerable.Range(0, 4000).Select(_ => random.NextSingle() * 3)];
        float[] y = [.. x.Select(v => (float)Math.Floor(random.NextDouble() * 2 * Math.Exp(v)))];
        TrainedModel model = Learner.Train(
            new LearnerOptions { BoostingOptions = Plain with { Loss = BoostingLoss.Poisson, Iterations = 80 } }, new FeatureTable([new NumericFeature("x", x)]), y, LearningTask.Regression, []);
        float[] predictions = model.Predict(new FeatureTable([new NumericFeature("x", [0.5f, 2.5f])]));
        predictions[0].ShouldBe((float)Math.Exp(0.5) - 0.5f, 0.4);
        predictions[1].ShouldBe((float)Math.Exp(2.5) - 0.5f, 2);
    }

    [Fact]
    public void Train_SoftmaxWithAClassOfTenRows_DoesNotDiverge()
    {
        var random = new Random(11);
        float[] y = [.. Enumerable.Range(0, 3000).Select(i => i < 10 ? 6f : i % 6)];
        float[][] columns = [.. Enumerable.Range(0, 5).Select(c => y.Select(k => (float)((k * (c + 1) % 7) + random.NextDouble())).ToArray())];
        foreach (double l2 in (double[])[0, 1])
        {
            BoostingResult result = GradientBoosting.Train(new TrainingData(columns, y), null, LearningTask.Multiclass, 7, null, Plain with { Iterations = 100, L2 = l2 });
            var scores = new float[7 * 3000];
            result.Ensemble.Score(columns.SelectMany(c => c).ToArray(), 3000, 3000, scores);
            LinkFunction.Apply(Link.Softmax, scores, 3000, 3000, 7);
            float[] rowMajor = [.. Enumerable.Range(0, 21_000).Select(i => scores[(i % 7 * 3000) + (i / 7)])];
            Confusion.OfMostProbable(y, rowMajor, 7).Accuracy.ShouldBeGreaterThan(0.99);
        }
    }

    [Fact]
    public void Train_Weights_CountLikeRepeatedRows()
    {
        TestData.Set set = TestData.Make(LearningTask.Binary, 800);
        float[][] columns = [.. set.X.Features.OfType<NumericFeature>().Select(f => f.Values)];
        float[] weights = [.. Enumerable.Range(0, 800).Select(i => (float)(1 + (i % 3)))];
        int[] repeated = [.. Enumerable.Range(0, 800).SelectMany(i => Enumerable.Repeat(i, 1 + (i % 3)))];
        BoostingOptions options = Plain with { MinSamplesLeaf = 1, MinChildWeight = 3, MaxBins = 255 };
        BoostingResult a = GradientBoosting.Train(new TrainingData([columns[1]], set.Y, weights), null, set.Task, 2, null, options);
        BoostingResult b = GradientBoosting.Train(
            new TrainingData([FeatureTable.Take<float>(columns[1], repeated)], FeatureTable.Take<float>(set.Y, repeated)), null, set.Task, 2, null, options);
        a.Ensemble.Trees.Select(t => t.Nodes.Max(n => n.Value)).Zip(b.Ensemble.Trees.Select(t => t.Nodes.Max(n => n.Value)))
            .ShouldAllBe(p => Math.Abs(p.First - p.Second) < 1e-4);
    }

    [Fact]
    public void Train_Cancelled_Stops()
    {
        TestData.Set set = TestData.Make(LearningTask.Binary, 500);
        using var cancellation = new CancellationTokenSource();
        var progress = new Relay(p => { if (p.Step == 3) { cancellation.Cancel(); } });
        Should.Throw<OperationCanceledException>(() =>
            Learner.Train(new LearnerOptions(), set.X, set.Y, set.Task, set.Classes, progress: progress, cancellation: cancellation.Token));
    }

    [Fact]
    public void Train_BadOptions_ListsEveryFault()
    {
        TestData.Set set = TestData.Make(LearningTask.Binary, 50);
        Should.Throw<ArgumentException>(() => Learner.Train(new LearnerOptions { BoostingOptions = new BoostingOptions { LearningRate = 0, MaxLeaves = 1 } }, set.X, set.Y, set.Task, set.Classes))
            .Message.ShouldStartWith("LearningRate is 0; expected above 0, to 1. MaxLeaves is 1; expected 2 to 4096.");
    }

    private sealed class Relay(Action<LearnerProgress> action) : IProgress<LearnerProgress>
    {
        public void Report(LearnerProgress value) => action(value);
    }
}
