using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Encoding;
using ServerlessMlops.Learners.Explaining;
using ServerlessMlops.Learners.Onnx;
using static ServerlessMlops.Learners.Onnx.OnnxGraphBuilder;

namespace ServerlessMlops.Learners.Tests.Onnx;

/// <summary>Splits by sets of categories, written as columns of a table and read back as sets.</summary>
public class SetColumnsTests
{
    private static TrainedModel Train(TestData.Set set, int maxLeaves = 31) => Learner.Train(
        new LearnerOptions
        {
            BoostingOptions = new BoostingOptions { Iterations = 25, EarlyStoppingRounds = 0, MaxLeaves = maxLeaves },
            CategoryOptions = new TargetStatisticsOptions { SetRows = 1, SettledRows = 20 },
        },
        set.X, set.Y, set.Task, set.Classes);

    [Theory]
    [InlineData(LearningTask.Binary, 31)]
    [InlineData(LearningTask.Multiclass, 31)]
    [InlineData(LearningTask.Regression, 63)]
    public void Write_ThenRead_GivesTheSameBitsAndAllocatesNothing(LearningTask task, int maxLeaves)
    {
        TestData.Set set = TestData.MakeRoutes(task, 3000);
        TrainedModel model = Train(set, maxLeaves);
        float[] expected = model.Predict(set.X);
        ScoringModel read = OnnxModel.Load(OnnxWriter.Write(model));
        float[] vectors = TestData.Vectors(read, set.X);
        var batch = new float[expected.Length];
        read.PredictBatch(vectors, 3000, batch);
        batch.ShouldBe(expected);
        int width = read.Inputs.Count, outputs = read.OutputCount;
        var single = new float[expected.Length];
        long before = 0;
        for (int row = 0; row < 3000; row++)
        {
            // The first rows rent and compile.
            before = row == 100 ? GC.GetAllocatedBytesForCurrentThread() : before;
            read.Predict(vectors.AsSpan(row * width, width), single.AsSpan(row * outputs, outputs));
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        single.ShouldBe(expected);
    }

    [Fact]
    public void Read_TablesOfCodes_BecomeTheSetsThatWereWritten()
    {
        TableColumn even = new(7, [1, 0, 1, 0, 1]), rising = new(7, [0, 1, 2, 3, float.NaN]);
        var leaf = new TreeNode { Column = -1 };
        DecisionTree tree = new(
        [
            new TreeNode { Column = 1, Threshold = 0.5f, Left = 1, Right = 2 }, new TreeNode { Column = 0, Threshold = 9, Left = 3, Right = 4 },
            new TreeNode { Column = 2, Threshold = 1, MissingLeft = true, Left = 5, Right = 6 }, leaf, leaf, leaf, leaf,
        ], 0);
        (IReadOnlyList<DecisionTree> trees, int[] slots) = SetColumns.Read([tree], [3, -1, -2], slot => slot switch { -1 => even, -2 => rising, _ => null });
        slots.ShouldBe([3, 7]);
        TreeNode[] nodes = trees[0].Nodes;
        (nodes[0].Column, nodes[1].Column, nodes[2].Column).ShouldBe((1, 0, 1));
        nodes[0].Set!.Codes.ShouldBe([1, 3]);
        nodes[1].Set.ShouldBeNull();
        nodes[1].Threshold.ShouldBe(9);
        nodes[2].Set!.Codes.ShouldBe([0, 1, 4]);
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    public void Explain_ReadFromItsFile_GivesTheSameContributions(LearningTask task)
    {
        TestData.Set set = TestData.MakeRoutes(task, 2000);
        TrainedModel model = Train(set);
        ScoringModel read = OnnxModel.Load(OnnxWriter.Write(model));
        read.ExplanationFault.ShouldBeNull();
        FeatureTable rows = set.X.Select([.. Enumerable.Range(0, 20)]);
        float[] vectors = TestData.Vectors(read, rows);
        var contributions = new double[3];
        for (int output = 0; output < model.OutputCount; output++)
        {
            Explanation[] expected = Explainer.Explain(model, rows, null, output);
            for (int row = 0; row < 20; row++)
            {
                read.Explain(vectors.AsSpan(row * 3, 3), output, contributions).ShouldBe(expected[row].Base, 1e-4);
                for (int i = 0; i < 3; i++)
                {
                    contributions[i].ShouldBe(expected[row].Contributions[i], 1e-4);
                }
            }
        }
    }

    [Fact]
    public void Write_NoSplitAndOnlyCategories_StillScoresEveryRow()
    {
        var x = new FeatureTable([new CategoricalFeature("c", [.. Enumerable.Range(0, 60).Select(i => i % 2)], ["a", "b"])]);
        TrainedModel model = Learner.Train(
            new LearnerOptions { BoostingOptions = new BoostingOptions { Iterations = 2, EarlyStoppingRounds = 0 }, CategoryOptions = new() { SetRows = 1, SettledRows = 20 } },
            x, [.. Enumerable.Repeat(3f, 60)], LearningTask.Regression, []);
        ScoringModel read = OnnxModel.Load(OnnxWriter.Write(model));
        var scores = new float[60];
        read.PredictBatch(TestData.Vectors(read, x), 60, scores);
        scores.ShouldBe(model.Predict(x));
    }

    /// <summary>A table that trees do not read is a column like any other; beyond 256 codes it is for trees as well.</summary>
    [Theory]
    [InlineData(3, false)]
    [InlineData(3, true)]
    [InlineData(400, true)]
    public void Load_TableByCode_IsLookedUp(int codes, bool tree)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("c", OnnxType.String, -1, 1);
        string code = Encode(graph, codes, codes - 1);
        float[] table = [.. Enumerable.Range(0, codes * 2).Select(i => (float)i)];
        string gathered = graph.Node("Gather", "", [graph.Constant(table, codes, 2), code], Attribute("axis", 0));
        string flat = graph.Node("Squeeze", "", [gathered, graph.Node("Constant", "", [], Attribute("value_ints", [1L]))]);
        string result = tree ? Stump(graph, flat, 3) : graph.Node("Neg", "", [graph.Node("ArrayFeatureExtractor", MlDomain, [flat, graph.Node("Constant", "", [], Attribute("value_ints", [1L]))])]);
        graph.Output(result, OnnxType.Float, -1, 1);
        ScoringModel model = OnnxModel.Load(graph.ToBytes("test"));
        var output = new float[1];
        foreach ((string name, int expected) in new[] { ("n0", 0), ("n1", 1), ($"n{codes - 1}", codes - 1), ("unknown", codes - 1), ("", codes - 1) })
        {
            model.Predict([model.EncodeCategory(0, System.Text.Encoding.UTF8.GetBytes(name))], output);
            output[0].ShouldBe(tree ? (2 * expected) + 1 <= 3 ? 10 : 20 : -((2 * expected) + 1), name);
        }
    }

    [Theory]
    [InlineData("index", "gathers by what may lie outside of the constant's 3 rows")]
    [InlineData("negative", "gathers by what may lie outside of the constant's 3 rows")]
    [InlineData("number", "gathers by what may lie outside of the constant's 3 rows")]
    [InlineData("vector", "supported are numbers of 2 dimensions")]
    [InlineData("empty", "gathers by what may lie outside of the constant's 0 rows")]
    public void Load_TableOfAnotherKind_IsRefused(string kind, string expected)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("c", kind == "number" ? OnnxType.Float : OnnxType.String, -1, 1);
        string code = kind == "number" ? "c" : Encode(graph, kind == "index" ? 4 : 3, kind == "negative" ? -1 : 0);
        string table = kind == "vector" ? graph.Constant(new float[3], 3) : kind == "empty" ? graph.Constant(Array.Empty<float>(), 0, 1L << 40) : graph.Constant(new float[6], 3, 2);
        string gathered = graph.Node("Gather", "", [table, code], Attribute("axis", 0));
        graph.Output(Stump(graph, gathered, 0), OnnxType.Float, -1, 1);
        Should.Throw<OnnxFormatException>(() => OnnxModel.Load(graph.ToBytes("test"))).Message.ShouldContain(expected);
    }

    private static string Encode(OnnxGraphBuilder graph, int codes, long otherwise) => graph.Node(
        "LabelEncoder", MlDomain, ["c"], Attribute("keys_strings", Enumerable.Range(0, codes).Select(i => $"n{i}")),
        Attribute("values_int64s", Enumerable.Range(0, codes).Select(i => (long)i)), Attribute("default_int64", otherwise));

    /// <summary>10 where the second column is at most a threshold, else 20.</summary>
    private static string Stump(OnnxGraphBuilder graph, string columns, float threshold) => TreeWriter.Write(graph, new TreeEnsemble(2, [0], [new DecisionTree(
        [new TreeNode { Column = 1, Threshold = threshold, Left = 1, Right = 2 }, new TreeNode { Column = -1, Value = 10 }, new TreeNode { Column = -1, Value = 20 }], 0)]), columns);
}
