using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Learners.Tests.Onnx;

public class HostileFileTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_EveryTruncationAndFlippedByte_IsRefusedOrLoaded_NeverCrashes(bool sets)
    {
        TestData.Set set = sets ? TestData.MakeRoutes(LearningTask.Binary, 600) : TestData.Make(LearningTask.Binary, 300);
        var options = new LearnerOptions { BoostingOptions = new() { Iterations = 3 }, CategoryOptions = new() { SetRows = sets ? 1 : int.MaxValue, SettledRows = 5 } };
        byte[] good = OnnxWriter.Write(Learner.Train(options, set.X, set.Y, set.Task, set.Classes));
        var random = new Random(1);
        for (int i = 0; i < 1500; i++)
        {
            byte[] bad = i % 3 == 0 ? good[..random.Next(good.Length)] : (byte[])good.Clone();
            for (int flips = i % 3; flips > 0; flips--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            LoadOrRefuse(bad);
        }
    }

    [Fact]
    public void Load_RandomBytes_AreRefused()
    {
        var random = new Random(2);
        for (int i = 0; i < 300; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            LoadOrRefuse(bytes);
        }
    }

    [Fact]
    public void Load_NodesInACircle_AreRefusedByName()
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 1);
        graph.Node("Exp", "", ["b"], "a");
        graph.Node("Exp", "", ["a"], "b");
        graph.Output("b", OnnxType.Float, -1, 1);
        Refused(graph, "Node 'a' (Exp) reads 'b', which no input, constant or earlier node has written");
    }

    [Fact]
    public void Load_UnknownOperator_IsRefusedByName()
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 1);
        graph.Node("SVMClassifier", OnnxGraphBuilder.MlDomain, ["x"], "y");
        graph.Output("y", OnnxType.Float, -1, 1);
        Refused(graph, "Node 'y' (SVMClassifier) is operator ai.onnx.ml.SVMClassifier, which is not supported; supported are ");
    }

    [Fact]
    public void Load_WidthDoubledNodeByNode_IsRefused()
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 1);
        string at = "x";
        for (int i = 0; i < 60; i++)
        {
            at = graph.Node("Concat", "", [at, at], OnnxGraphBuilder.Attribute("axis", 1));
        }

        graph.Output(at, OnnxType.Float, -1, -1);
        Refused(graph, "columns; models of this kind are far narrower");
    }

    [Theory]
    [InlineData(0, 1, "a cycle or a shared branch")]
    [InlineData(9, 1, "is not in the tree")]
    public void Load_TreeWithBadChildren_IsRefused(long trueId, long falseId, string expected)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 1);
        graph.Node(
            "TreeEnsembleRegressor", OnnxGraphBuilder.MlDomain, ["x"], "y",
            OnnxGraphBuilder.Attribute("nodes_treeids", [0L, 0, 0, 0]), OnnxGraphBuilder.Attribute("nodes_nodeids", [5L, 0, 1, 2]),
            OnnxGraphBuilder.Attribute("nodes_featureids", [0L, 0, 0, 0]), OnnxGraphBuilder.Attribute("nodes_values", [1f, 2f, 0, 0]),
            OnnxGraphBuilder.Attribute("nodes_modes", ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF"]),
            OnnxGraphBuilder.Attribute("nodes_truenodeids", [0L, trueId, 0, 0]), OnnxGraphBuilder.Attribute("nodes_falsenodeids", [2L, falseId, 0, 0]),
            OnnxGraphBuilder.Attribute("target_treeids", [0L]), OnnxGraphBuilder.Attribute("target_nodeids", [1L]),
            OnnxGraphBuilder.Attribute("target_ids", [0L]), OnnxGraphBuilder.Attribute("target_weights", [1f]), OnnxGraphBuilder.Attribute("n_targets", 1));
        graph.Output("y", OnnxType.Float, -1, 1);
        Refused(graph, expected);
    }

    [Fact]
    public void Load_LengthOfAGigabyte_AllocatesNothingLikeIt()
    {
        // graph (field 7), then a length of 2^30 that the file does not have.
        byte[] bytes = [0x3a, 0x80, 0x80, 0x80, 0x80, 0x04, 1, 2, 3];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<OnnxFormatException>(() => OnnxModel.Load(bytes)).Message.ShouldStartWith("The file is not an ONNX model");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    [Fact]
    public void Load_SelfCycle_IsRefused()
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 1);
        graph.Node("Add", "", ["x", "y"], "y");
        graph.Output("y", OnnxType.Float, -1, 1);
        Refused(graph, "Node 'y' (Add) reads 'y', which no input, constant or earlier node has written");
    }

    [Theory]
    [InlineData("nodes_featureids", 7L, "compares column 7")]
    [InlineData("nodes_featureids", -1L, "compares column -1")]
    [InlineData("target_ids", 5L, "has a leaf for score 5; there are 1")]
    [InlineData("target_ids", -3L, "has target_ids[0] = -3")]
    [InlineData("target_ids", long.MaxValue, "expected 0 to 65536")]
    [InlineData("n_targets", 0L, "has a leaf for score 0; there are 0")]
    [InlineData("n_targets", -5L, "has a leaf for score 0; there are 0")]
    [InlineData("nodes_truenodeids", long.MinValue, "has several roots in tree 0")]
    public void Load_TreeWithBadIndex_IsRefused(string attribute, long bad, string expected)
    {
        var attributes = new Dictionary<string, long[]>
        {
            ["nodes_treeids"] = [0, 0, 0], ["nodes_nodeids"] = [0, 1, 2], ["nodes_featureids"] = [0, 0, 0], ["nodes_truenodeids"] = [1, 0, 0], ["nodes_falsenodeids"] = [2, 0, 0],
            ["target_treeids"] = [0], ["target_nodeids"] = [1], ["target_ids"] = [0],
        };
        if (attributes.TryGetValue(attribute, out long[]? values))
        {
            values[0] = bad;
        }

        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 1);
        graph.Node(
            "TreeEnsembleRegressor", OnnxGraphBuilder.MlDomain, ["x"], "y",
            [
                .. attributes.Select(a => OnnxGraphBuilder.Attribute(a.Key, a.Value)), OnnxGraphBuilder.Attribute("nodes_values", [1f, 0, 0]),
                OnnxGraphBuilder.Attribute("nodes_modes", ["BRANCH_LEQ", "LEAF", "LEAF"]), OnnxGraphBuilder.Attribute("target_weights", [1f]),
                OnnxGraphBuilder.Attribute("n_targets", attribute == "n_targets" ? bad : 1),
            ]);
        graph.Output("y", OnnxType.Float, -1, 1);
        Refused(graph, expected);
    }

    [Theory]
    [InlineData("Scaler", "offset", 3, "has 3 offset for 2 columns")]
    [InlineData("LinearRegressor", "coefficients", 5, "has 5 coefficients and 0 intercepts for 1 scores of 2 columns")]
    [InlineData("Imputer", "imputed_value_floats", 4, "has 4 imputed values for 2 columns")]
    public void Load_WrongShapes_AreRefused(string op, string attribute, int count, string expected)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 2);
        graph.Node(op, OnnxGraphBuilder.MlDomain, ["x"], "y", OnnxGraphBuilder.Attribute(attribute, new float[count]), OnnxGraphBuilder.Attribute("scale", [1f]));
        graph.Output("y", OnnxType.Float, -1, 2);
        Refused(graph, expected);
    }

    [Theory]
    [InlineData(new long[] { 3 }, "claims shape [3] and holds 2 values")]
    [InlineData(new long[] { -2 }, "claims shape [-2]")]
    [InlineData(new long[] { long.MaxValue, long.MaxValue }, "and holds 2 values")]
    [InlineData(new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 2 }, "and holds 2 values")]
    public void Load_TensorWithAWrongShape_IsRefused(long[] dims, string expected)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 2);
        graph.Node("Add", "", ["x", graph.Constant([1f, 2f], dims)], "y");
        graph.Output("y", OnnxType.Float, -1, 2);
        Refused(graph, expected);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-3)]
    public void Load_GatherBeyondTheColumns_IsRefused(int index)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 2);
        graph.Node("Gather", "", ["x", graph.Constant([(float)index], 1)], "y", OnnxGraphBuilder.Attribute("axis", 1));
        graph.Output("y", OnnxType.Float, -1, 1);
        Refused(graph, $"asks for column {index}; there are 2");
    }

    [Theory]
    [InlineData(65_537L)]
    [InlineData(long.MaxValue)]
    [InlineData(0L)]
    public void Load_InputOfAbsurdWidth_IsRefused(long width)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, width);
        graph.Node("Exp", "", ["x"], "y");
        graph.Output("y", OnnxType.Float, -1, 1);
        Refused(graph, "expected a fixed number from 1 to 65536");
    }

    [Fact]
    public void Load_MoreNodesThanAnyModel_IsRefused()
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 1);
        string at = "x";
        for (int i = 0; i <= 100_000; i++)
        {
            at = graph.Node("Identity", "", [at]);
        }

        graph.Output(at, OnnxType.Float, -1, 1);
        Refused(graph, "more than 100000 nodes");
    }

    [Theory]
    [InlineData("wide values", "numbers in memory")]
    [InlineData("one matrix many times", "numbers in memory")]
    [InlineData("one-hot", "wider than")]
    [InlineData("lookups of late codes", "numbers in memory")]
    public void Load_SmallFileThatAsksForMuchMemory_IsRefusedBeforeItTakesIt(string kind, string expected)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 60_000);
        graph.Input("t", OnnxType.String, -1, 1);
        string matrix = graph.Constant(new float[60_000], 60_000, 1);
        string[] names = [.. Enumerable.Range(0, 60_000).Select(i => $"{i}")];
        var ends = new List<string>();
        if (kind.StartsWith("look", StringComparison.Ordinal))
        {
            ends.Add(graph.Node("LabelEncoder", OnnxGraphBuilder.MlDomain, ["t"], OnnxGraphBuilder.Attribute("keys_strings", names), OnnxGraphBuilder.Attribute("values_floats", new float[60_000])));
        }

        for (int i = 0; i < 1500; i++)
        {
            ends.Add(kind switch
            {
                "wide values" => graph.Node("Identity", "", ["x"]),
                "one matrix many times" => graph.Node("MatMul", "", ["x", matrix]),
                "one-hot" => graph.Node("OneHotEncoder", OnnxGraphBuilder.MlDomain, ["t"], OnnxGraphBuilder.Attribute("cats_strings", names)),
                _ => graph.Node("LabelEncoder", OnnxGraphBuilder.MlDomain, ["t"], OnnxGraphBuilder.Attribute("keys_strings", ["59999"]), OnnxGraphBuilder.Attribute("values_floats", [1f])),
            });
            if (kind == "one-hot" && i == 5)
            {
                break;
            }
        }

        graph.Node("Concat", "", [.. ends], "y", OnnxGraphBuilder.Attribute("axis", 1));
        graph.Output("y", OnnxType.Float, -1, -1);
        byte[] file = graph.ToBytes("hostile");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<OnnxFormatException>(() => OnnxModel.Load(file)).Message.ShouldContain(expected);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan((20L * file.Length) + (600L << 20));
    }

    [Fact]
    public void Load_TreeOfAHundredThousandLevels_LoadsAndScores()
    {
        const int Depth = 100_000;
        int count = (2 * Depth) + 1;
        var graph = new OnnxGraphBuilder();
        graph.Input("x", OnnxType.Float, -1, 1);
        bool Leaf(int i) => i % 2 == 1 || i == count - 1;
        graph.Node(
            "TreeEnsembleRegressor", OnnxGraphBuilder.MlDomain, ["x"], "y",
            OnnxGraphBuilder.Attribute("nodes_treeids", new long[count]), OnnxGraphBuilder.Attribute("nodes_nodeids", Enumerable.Range(0, count).Select(i => (long)i)),
            OnnxGraphBuilder.Attribute("nodes_featureids", new long[count]), OnnxGraphBuilder.Attribute("nodes_values", Enumerable.Range(0, count).Select(i => (float)i)),
            OnnxGraphBuilder.Attribute("nodes_modes", Enumerable.Range(0, count).Select(i => Leaf(i) ? "LEAF" : "BRANCH_LEQ")),
            OnnxGraphBuilder.Attribute("nodes_truenodeids", Enumerable.Range(0, count).Select(i => Leaf(i) ? 0L : i + 1)),
            OnnxGraphBuilder.Attribute("nodes_falsenodeids", Enumerable.Range(0, count).Select(i => Leaf(i) ? 0L : i + 2)),
            OnnxGraphBuilder.Attribute("target_treeids", [0L]), OnnxGraphBuilder.Attribute("target_nodeids", [count - 1L]), OnnxGraphBuilder.Attribute("target_ids", [0L]),
            OnnxGraphBuilder.Attribute("target_weights", [3f]), OnnxGraphBuilder.Attribute("n_targets", 1));
        graph.Output("y", OnnxType.Float, -1, 1);
        ScoringModel model = OnnxModel.Load(graph.ToBytes("deep"));
        var outputs = new float[1];
        model.Predict([1e9f], outputs);
        outputs[0].ShouldBe(3f);
    }

    private static void Refused(OnnxGraphBuilder graph, string expected) =>
        Should.Throw<OnnxFormatException>(() => OnnxModel.Load(graph.ToBytes("test"))).Message.ShouldContain(expected);

    private static void LoadOrRefuse(byte[] bytes)
    {
        try
        {
            ScoringModel model = OnnxModel.Load(bytes);
            model.Predict(new float[model.Inputs.Count], new float[model.OutputCount]);
        }
        catch (OnnxFormatException e)
        {
            e.Message.ShouldNotBeEmpty();
        }
    }
}
