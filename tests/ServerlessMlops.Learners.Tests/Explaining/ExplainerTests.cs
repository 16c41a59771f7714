using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Explaining;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Tests.Explaining;

public class ExplainerTests
{
    [Theory]
    [InlineData(LearnerOptions.Boosting)]
    [InlineData(LearnerOptions.Linear)]
    public void Explain_ContributionsAndBase_AddUpToTheScore(string learner)
    {
        TestData.Set set = TestData.Make(LearningTask.Binary, 600);
        TrainedModel model = Learner.Train(new LearnerOptions { Name = learner, BoostingOptions = new BoostingOptions { Iterations = 20 } }, set.X, set.Y, set.Task, set.Classes);
        FeatureTable rows = set.X.Select([.. Enumerable.Range(0, 40)]);
        float[] scores = model.Score(rows);
        Explanation[] explanations = Explainer.Explain(model, rows, set.X);
        for (int row = 0; row < 40; row++)
        {
            (explanations[row].Base + explanations[row].Contributions.Sum()).ShouldBe(scores[row], 1e-4);
        }
    }

    [Fact]
    public void TreeShap_SmallTrees_EqualsTheSumOverAllSubsets()
    {
        TestData.Set set = TestData.Make(LearningTask.Regression, 500);
        float[][] columns = [.. set.X.Features.OfType<NumericFeature>().Select(f => f.Values)];
        TreeEnsemble ensemble = GradientBoosting.Train(
            new TrainingData(columns, set.Y), null, LearningTask.Regression, 0, null, new BoostingOptions { Iterations = 3, MaxLeaves = 12, MinSamplesLeaf = 5 }).Ensemble;
        for (int r = 0; r < 10; r++)
        {
            float[] row = [.. columns.Select(c => c[r])];
            (double[] values, _) = TreeShap.Explain(ensemble, row);
            for (int column = 0; column < 3; column++)
            {
                values[column].ShouldBe(BruteForce(ensemble, row, column), 1e-6);
            }
        }
    }

    [Fact]
    public void Importances_UselessInput_IsLast()
    {
        TestData.Set set = TestData.Make(LearningTask.Regression, 1500);
        var noisy = new FeatureTable([.. set.X.Features, new NumericFeature("noise", [.. Enumerable.Range(0, 1500).Select(i => (float)((i * 7919L) % 997))])]);
        TrainedModel model = Learner.Train(new LearnerOptions { BoostingOptions = new BoostingOptions { Iterations = 50 } }, noisy, set.Y, set.Task, []);
        Importances.ByGain(model).MinBy(i => i.Value).Input.ShouldBe("noise");
        Importances.ByPermutation(model, noisy, set.Y, Metric.Find("rmse")).MinBy(i => i.Value).Input.ShouldBe("noise");
        PartialDependence.Of(model, noisy, "b", 5).Select(p => p.Outputs[0]).ShouldBeInOrder(SortDirection.Ascending);
    }

    /// <summary>Shapley's formula: the mean gain of adding a column, over all orders of three columns.</summary>
    private static double BruteForce(TreeEnsemble ensemble, float[] row, int column)
    {
        double sum = 0;
        for (int mask = 0; mask < 8; mask++)
        {
            if ((mask & (1 << column)) == 0)
            {
                int size = int.PopCount(mask);
                double weight = size == 1 ? 1.0 / 6 : 1.0 / 3;
                sum += weight * ensemble.Trees.Sum(t => Conditional(t.Nodes, 0, row, mask | (1 << column)) - Conditional(t.Nodes, 0, row, mask));
            }
        }

        return sum;
    }

    private static double Conditional(TreeNode[] nodes, int at, float[] row, int known)
    {
        TreeNode node = nodes[at];
        if (node.IsLeaf)
        {
            return node.Value;
        }

        if ((known & (1 << node.Column)) != 0)
        {
            float x = row[node.Column];
            return Conditional(nodes, x <= node.Threshold || (node.MissingLeft && float.IsNaN(x)) ? node.Left : node.Right, row, known);
        }

        return ((Conditional(nodes, node.Left, row, known) * nodes[node.Left].Cover) + (Conditional(nodes, node.Right, row, known) * nodes[node.Right].Cover)) / node.Cover;
    }
}
