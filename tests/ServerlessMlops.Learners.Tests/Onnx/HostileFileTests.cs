using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Learners.Tests.Onnx;

public class HostileFileTests
{
    [Fact]
    public void Load_EveryTruncationAndFlippedByte_IsRefusedOrLoaded_NeverCrashes()
    {
        TestData.Set set = TestData.Make(LearningTask.Binary, 300);
        byte[] good = OnnxWriter.Write(Learner.Train(new LearnerOptions { BoostingOptions = new() { Iterations = 3 } }, set.X, set.Y, set.Task, set.Classes));
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
