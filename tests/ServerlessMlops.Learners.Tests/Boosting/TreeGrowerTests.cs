using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Learners.Tests.Boosting;

public class TreeGrowerTests
{
    private const int Rows = 30_000;
    private const int ColumnCount = 8;

    private static readonly float[][] Columns = Make();

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 0.5)]
    [InlineData(31, 1)]
    [InlineData(31, 0.5)]
    [InlineData(300, 1)]
    public void Train_LeavesSplitAheadOfTheirTurn_GrowTheTreesOfOneThread(int leaves, double rowSample)
    {
        // 240,000 cells: the first leaves are shared by all threads, the others are not.
        var options = new BoostingOptions { Iterations = 4, EarlyStoppingRounds = 0, MaxLeaves = leaves, RowSample = rowSample };
        TreeNode[] one = Train(options, 1);
        foreach (int threads in (int[])[2, 3, 5])
        {
            Train(options, threads).ShouldBe(one);
        }
    }

    [Fact]
    public void Train_ManyThreads_SplitsTheLeafOfMostGainFirst()
    {
        BoostingResult result = Boost(new BoostingOptions { Iterations = 3, EarlyStoppingRounds = 0, MaxLeaves = 100 }, 4);
        foreach (TreeNode[] nodes in result.Ensemble.Trees.Select(t => t.Nodes))
        {
            var waiting = new List<TreeNode> { nodes[0] };
            foreach (TreeNode next in nodes.Where(n => !n.IsLeaf).OrderBy(n => n.Left))
            {
                next.Gain.ShouldBe(waiting.Max(n => n.Gain));
                waiting.Remove(next).ShouldBeTrue();
                waiting.AddRange([nodes[next.Left], nodes[next.Right]]);
            }

            waiting.ShouldAllBe(n => n.IsLeaf);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Split_OneThreadOrAllTogether_OrdersRowsTheSame(int threads)
    {
        using var crew = new WorkCrew(threads);
        byte[] bins = [.. Columns[0].Select(x => (byte)(Math.Abs(x) * 20))], marks = new byte[256];
        marks.AsSpan(3, 11).Fill(1);
        int[] sample = [.. Enumerable.Range(0, Rows).Where(row => row % 3 != 1)];
        long[] words = [.. Enumerable.Range(0, Rows).Select(row => (long)row * row)];
        var (together, alone) = (new RowPartition(Rows, crew), new RowPartition(Rows, crew));
        RowPartition.Range all = together.Begin(sample, words), same = alone.Begin(sample, words);

        (RowPartition.Range left, RowPartition.Range right) = together.Split(all, bins, marks, together: true);
        alone.Split(same, bins, marks, together: false).ShouldBe((left, right));

        together.Rows(left).ToArray().ShouldBe(sample.Where(row => marks[bins[row]] == 1));
        together.Rows(right).ToArray().ShouldBe(sample.Where(row => marks[bins[row]] == 0).Reverse());
        together.Gradients(right).ToArray().ShouldBe(together.Rows(right).ToArray().Select(row => words[row]));
        alone.Rows(left).ToArray().ShouldBe(together.Rows(left).ToArray());
        alone.Rows(right).ToArray().ShouldBe(together.Rows(right).ToArray());
    }

    private static TreeNode[] Train(BoostingOptions options, int threads) => [.. Boost(options, threads).Ensemble.Trees.SelectMany(t => t.Nodes)];

    private static BoostingResult Boost(BoostingOptions options, int threads)
    {
        float[] y = [.. Enumerable.Range(0, Rows).Select(row => (Columns[0][row] * Columns[1][row]) + MathF.Sin(3 * Columns[2][row]) + (0.3f * Columns[3][row]))];
        return GradientBoosting.Train(new TrainingData(Columns, y), null, LearningTask.Regression, 0, null, options, seed: 5, threads);
    }

    private static float[][] Make()
    {
        var random = new Random(11);
        return [.. Enumerable.Range(0, ColumnCount).Select(_ => Enumerable.Range(0, Rows).Select(_ => (random.NextSingle() * 4) - 2).ToArray())];
    }
}
