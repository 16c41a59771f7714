using FsCheck;
using FsCheck.Fluent;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Encoding;
using ServerlessMlops.Learners.Explaining;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Learners.Tests.Boosting;

/// <summary>Splits by sets of categories.</summary>
public class CategorySetTests
{
    private static readonly BoostingOptions Plain = new() { Iterations = 20, EarlyStoppingRounds = 0 };

    /// <summary>Sets on few rows.</summary>
    private static readonly TargetStatisticsOptions Sets = new() { SetRows = 1, SettledRows = 20 };

    [Fact]
    public void Find_UpToEightCategories_FindsTheBestOfAllSubsets()
    {
        var cases = from seed in Gen.Choose(0, int.MaxValue - 1) from categories in Gen.Choose(2, 8) from l2 in Gen.Elements(0.0, 1, 20) select (seed, categories, l2);
        Prop.ForAll(cases.ToArbitrary(), c => FindsTheBest(c.seed, c.categories, c.l2)).QuickCheckThrowOnFailure();
    }

    private static void FindsTheBest(int seed, int categories, double l2)
    {
        var random = new Random(seed);
        const int Rows = 120;
        int[] codes = [.. Enumerable.Range(0, Rows).Select(_ => random.Next(categories))];
        GradientPair[] pairs = [.. codes.Select(code => new GradientPair { Gradient = (float)(random.NextDouble() - 0.5 + (0.3 * (code % 3))), Hessian = 0.1f + random.NextSingle() })];
        using var crew = new WorkCrew(1);
        var words = new long[Rows];
        PackedGradients packed = PackedGradients.Create(Rows, words, (from, to) => pairs.AsSpan(from, to.Length).CopyTo(to), crew);
        var histogram = new long[categories];
        for (int row = 0; row < Rows; row++)
        {
            histogram[codes[row]] += words[row];
        }

        var exact = new BoostingOptions { L2 = l2, MinSamplesLeaf = 1, MinChildWeight = 0, CategorySmoothing = 0, MinCategoryRows = 1 };
        Split found = new SplitFinder(exact, packed).Find(0, histogram, Binner.OfCategories(categories), new LeafBounds(words.Sum(), Rows, double.NegativeInfinity, double.PositiveInfinity), 0);

        double best = Enumerable.Range(1, (1 << categories) - 2).Max(Gain);
        found.Gain.ShouldBe(best, 1e-9 * Math.Max(1, best), $"seed {seed}, {categories} categories, l2 {l2}");
        found.Set.ShouldNotBeNull();
        Gain(found.Set.Codes.Sum(code => 1 << code)).ShouldBe(best, 1e-9 * Math.Max(1, best));
        found.LeftSum.ShouldBe(found.Set.Codes.Sum(code => histogram[code]));

        double Gain(int members)
        {
            long left = Enumerable.Range(0, categories).Sum(code => ((members >> code) & 1) != 0 ? histogram[code] : 0);
            return Term(left) + Term(words.Sum() - left) - Term(words.Sum());
        }

        double Term(long sum) => packed.Gradient(sum) * packed.Gradient(sum) / (packed.Hessian(sum) + l2);
    }

    [Fact]
    public void Find_CategoriesOfFewRows_StayTogether()
    {
        // Codes 4 to 7 have three rows each, of gradients that tell them apart; code 8 has none.
        int[] codes = [.. Enumerable.Range(0, 400).Select(i => i < 388 ? i % 4 : 4 + (i % 4))];
        using var crew = new WorkCrew(1);
        var words = new long[codes.Length];
        PackedGradients packed = PackedGradients.Create(words.Length, words, (from, to) =>
        {
            for (int i = 0; i < to.Length; i++)
            {
                to[i] = new GradientPair { Gradient = codes[from + i] switch { 0 or 1 => 1, 4 or 5 => 5, 6 or 7 => -5, _ => -1 }, Hessian = 1 };
            }
        }, crew);
        var histogram = new long[9];
        for (int row = 0; row < codes.Length; row++)
        {
            histogram[codes[row]] += words[row];
        }

        Split found = new SplitFinder(new BoostingOptions(), packed).Find(0, histogram, Binner.OfCategories(9), new LeafBounds(words.Sum(), codes.Length, double.NegativeInfinity, double.PositiveInfinity), 0);
        CategorySet set = found.Set.ShouldNotBeNull();
        int[] rest = [4, 5, 6, 7, 8];
        rest.Select(set.Contains).Distinct().ShouldHaveSingleItem();
        set.Contains(0).ShouldBe(set.Contains(1));
        set.Contains(2).ShouldBe(set.Contains(3));
        set.Contains(0).ShouldNotBe(set.Contains(2));
    }

    [Fact]
    public void Contains_AnyFloat_AgreesWithTheCodes()
    {
        var set = new CategorySet([0, 31, 32, 200, 255]);
        set.Codes.ShouldBe([0, 31, 32, 200, 255]);
        set.ShouldBe(new CategorySet([255, 200, 32, 31, 0]));
        set.ShouldNotBe(new CategorySet([0, 31, 32, 200]));
        float[] members = [0, 31, 32, 200, 255, 255.9f, -0.5f], others = [1, 30, 33, 254, 256, -1, float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1e30f];
        members.ShouldAllBe(x => set.Contains(x));
        others.ShouldAllBe(x => !set.Contains(x));
        Should.Throw<ArgumentOutOfRangeException>(() => new CategorySet([256]));
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void Train_Sets_PartitionTheirRowsAndExplainTheScore(LearningTask task)
    {
        TestData.Set set = TestData.MakeRoutes(task, 4000);
        TrainedModel model = Learner.Train(new LearnerOptions { BoostingOptions = Plain, CategoryOptions = Sets }, set.X, set.Y, task, set.Classes);
        var trees = (TreeEnsemble)model.Predictor;
        trees.Trees.SelectMany(t => t.Nodes).Count(n => n.Set is not null).ShouldBeGreaterThan(20);
        float[][] columns = ColumnEncoder.Encode(model.Columns, model.Inputs, set.X);
        foreach (DecisionTree tree in trees.Trees)
        {
            var covers = new int[tree.Nodes.Length];
            for (int row = 0; row < 4000; row++)
            {
                covers[tree.FindLeaf([.. columns.Select(c => c[row])])]++;
            }

            for (int at = tree.Nodes.Length - 1; at >= 0; at--)
            {
                TreeNode node = tree.Nodes[at];
                covers[at] += node.IsLeaf ? 0 : covers[node.Left] + covers[node.Right];
                covers[at].ShouldBe(node.Cover);
            }
        }

        FeatureTable rows = set.X.Select([.. Enumerable.Range(0, 30)]);
        float[] scores = model.Score(rows);
        for (int output = 0; output < model.OutputCount; output++)
        {
            Explanation[] explanations = Explainer.Explain(model, rows, null, output);
            for (int row = 0; row < 30; row++)
            {
                (explanations[row].Base + explanations[row].Contributions.Sum()).ShouldBe(scores[(row * model.OutputCount) + output], 1e-4);
            }
        }

        Importances.ByGain(model).Sum(i => i.Value).ShouldBe(1, 1e-9);
        Importances.ByGain(model).Single(i => i.Input == "origin").Value.ShouldBeGreaterThan(0.1);
        PartialDependence.Of(model, rows, "origin", 5).Count.ShouldBe(5);
    }

    /// <summary>Effects of the categories that turn round with the hour: no order of them serves both halves of the day.</summary>
    [Fact]
    public void Train_EffectsThatTurn_BeatTheStatistic()
    {
        TestData.Set train = TestData.MakeRoutes(LearningTask.Regression, 8000, 1), test = TestData.MakeRoutes(LearningTask.Regression, 4000, 2);
        double Rmse(TargetStatisticsOptions categories) => RegressionMetrics.Rmse(
            test.Y, Learner.Train(new LearnerOptions { BoostingOptions = Plain with { Iterations = 60 }, CategoryOptions = categories }, train.X, train.Y, train.Task, []).Predict(test.X), null);
        Rmse(Sets).ShouldBeLessThan(0.8 * Rmse(Sets with { SetRows = int.MaxValue }));
    }

    [Fact]
    public void Train_OneOrThreeThreads_GivesTheSameBytes()
    {
        TestData.Set set = TestData.MakeRoutes(LearningTask.Binary, 22_000);
        var options = new LearnerOptions { BoostingOptions = new BoostingOptions { Iterations = 8, RowSample = 0.8 } };
        byte[] one = OnnxWriter.Write(Learner.Train(options with { Threads = 1 }, set.X, set.Y, set.Task, set.Classes));
        byte[] three = OnnxWriter.Write(Learner.Train(options with { Threads = 3 }, set.X, set.Y, set.Task, set.Classes));
        three.ShouldBe(one);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(63)]
    public void Score_AnyCodes_OneRowAsInABlock(int maxLeaves)
    {
        TestData.Set set = TestData.MakeRoutes(LearningTask.Regression, 3000);
        TrainedModel model = Learner.Train(new LearnerOptions { BoostingOptions = Plain with { MaxLeaves = maxLeaves, MinSamplesLeaf = 5 }, CategoryOptions = Sets }, set.X, set.Y, set.Task, []);
        var trees = (TreeEnsemble)model.Predictor;
        const int Rows = 203;
        var random = new Random(8);
        float[] strange = [float.NaN, -1, -0.5f, 255, 256, 1e9f, float.NegativeInfinity, float.PositiveInfinity];
        float[] block = [.. Enumerable.Range(0, Rows * trees.ColumnCount).Select(i => i % 7 == 0 ? strange[i / 7 % strange.Length] : random.Next(60))];
        var together = new float[Rows];
        trees.Score(block, Rows, Rows, together);
        for (int row = 0; row < Rows; row++)
        {
            float[] x = [.. Enumerable.Range(0, trees.ColumnCount).Select(c => block[(c * Rows) + row])];
            var alone = new float[1];
            trees.Score(x, 1, 1, alone);
            alone[0].ShouldBe(together[row]);
            float walked = trees.BaseScores[0];
            foreach (DecisionTree tree in trees.Trees)
            {
                walked += tree.Nodes[tree.FindLeaf(x)].Value;
            }

            alone[0].ShouldBe(walked);
        }
    }

    [Theory]
    [InlineData(3, 3f)]
    [InlineData(3, 0.5f)]
    [InlineData(3, float.NaN)]
    [InlineData(257, 0f)]
    public void Train_CodesThatAreNone_AreRefused(int count, float bad)
    {
        float[] column = [0, 1, 1, bad];
        Should.Throw<ArgumentException>(() => GradientBoosting.Train(new TrainingData([column], [1, 2, 3, 4], null, [count]), null, LearningTask.Regression, 0, null, Plain))
            .Message.ShouldContain(count == 3 ? "expected a whole number from 0 to 2" : "expected one for each, 0 to 256");
    }

    [Fact]
    public void TryFit_FewRowsOrManyRareCategories_LeavesTheColumnToStatistics()
    {
        var options = new TargetStatisticsOptions { SetRows = 1000, SettledRows = 10 };
        CategoricalFeature Feature(int rows, int categories) =>
            new("c", [.. Enumerable.Range(0, rows).Select(i => i % 50 == 0 ? -1 : i % categories)], [.. Enumerable.Range(0, categories + 1).Select(k => $"{k}")]);
        CategoryCoding.TryFit(0, Feature(999, 5), options).ShouldBeNull();
        CategoryCoding.TryFit(0, Feature(1000, 200), options).ShouldBeNull();
        CategoryCoding.TryFit(0, Feature(1000, 5), options)!.Codes.ShouldBe([0, 1, 2, 3, 4, 5]);
        CategoryCoding.TryFit(0, Feature(1000, 5), options)!.Count.ShouldBe(7);

        // 260 categories, the last ones of few rows: 254 keep their names.
        CategoricalFeature many = new("c", [.. Enumerable.Range(0, 260).SelectMany(k => Enumerable.Repeat(k, k < 254 ? 30 : 12))], [.. Enumerable.Range(0, 260).Select(k => $"{k}")]);
        CategoryCodes codes = CategoryCoding.TryFit(0, many, options)!;
        codes.Count.ShouldBe(256);
        codes.Codes[..254].ShouldBe(Enumerable.Range(0, 254));
        codes.Codes[254..].ShouldAllBe(code => code == codes.Unknown);
    }

    [Fact]
    public void Predict_UnknownCategory_TakesTheWayOfRareOnes()
    {
        TestData.Set set = TestData.MakeRoutes(LearningTask.Regression, 4000);
        TrainedModel model = Learner.Train(new LearnerOptions { BoostingOptions = Plain, CategoryOptions = Sets }, set.X, set.Y, set.Task, []);
        FeatureTable With(string origin) => new([.. set.X.Select([0, 1, 2]).Features.Select(f => f.Name == "origin" ? new CategoricalFeature("origin", [0, 0, 0], [origin]) : f)]);
        float[] unknown = model.Predict(With("never seen"));
        unknown.ShouldAllBe(v => float.IsFinite(v));
        unknown.ShouldBe(model.Predict(With(TestData.RareRoute)));
        unknown.ShouldNotBe(model.Predict(With("A0")));
    }
}
