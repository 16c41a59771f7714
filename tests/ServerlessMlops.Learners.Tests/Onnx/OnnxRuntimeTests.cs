using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Learners.Tests.Onnx;

/// <summary>Our files in Microsoft's runtime, and files as other exporters write them in ours.</summary>
public class OnnxRuntimeTests
{
    [OnnxRuntimeTheory]
    [MemberData(nameof(LearnerTests.All), MemberType = typeof(LearnerTests))]
    public void Write_EveryLearnerAndTask_ScoresTheSameInOnnxRuntime(string learner, LearningTask task)
    {
        TestData.Set set = TestData.Make(task, 1000);
        var options = new LearnerOptions { Name = learner, BoostingOptions = new() { Iterations = 60 } };
        Compare(Learner.Train(options, set.X, set.Y, task, set.Classes), set.X);
    }

    [OnnxRuntimeTheory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void Write_SetsOfCategories_ScoreTheSameInOnnxRuntime(LearningTask task)
    {
        TestData.Set set = TestData.MakeRoutes(task, 3000);
        var options = new LearnerOptions { BoostingOptions = new() { Iterations = 40 }, CategoryOptions = new() { SetRows = 1, SettledRows = 20 } };
        TrainedModel model = Learner.Train(options, set.X, set.Y, task, set.Classes);
        ((TreeEnsemble)model.Predictor).Trees.SelectMany(t => t.Nodes).ShouldContain(n => n.Set != null);
        Compare(model, set.X.Select([.. Enumerable.Range(0, 1000)]));
    }

    [OnnxRuntimeTheory]
    [InlineData("platt", LearningTask.Binary)]
    [InlineData("isotonic", LearningTask.Binary)]
    [InlineData("temperature", LearningTask.Multiclass)]
    public void Write_Calibrated_ScoresTheSameInOnnxRuntime(string kind, LearningTask task)
    {
        TestData.Set set = TestData.Make(task, 1000);
        TrainedModel raw = Learner.Train(new LearnerOptions { BoostingOptions = new() { Iterations = 60 } }, set.X, set.Y, task, set.Classes);
        float[] scores = raw.Score(set.X);
        Calibrator? calibrator = kind switch
        {
            "platt" => CalibrationFit.Platt(set.Y, scores),
            "isotonic" => CalibrationFit.Isotonic(set.Y, scores),
            _ => CalibrationFit.Temperature(set.Y, scores, set.Classes.Length),
        };
        Compare(
            raw with { Calibrator = calibrator.ShouldNotBeNull() },
            set.X);
    }

    [OnnxRuntimeTheory]
    [InlineData(BoostingLoss.Absolute)]
    [InlineData(BoostingLoss.Quantile)]
    [InlineData(BoostingLoss.Poisson)]
    public void Write_EveryRegressionLoss_ScoresTheSameInOnnxRuntime(BoostingLoss loss)
    {
        TestData.Set set = TestData.Make(LearningTask.Regression, 1000);
        float[] y = loss == BoostingLoss.Poisson ? [.. set.Y.Select(v => MathF.Max(0, MathF.Round(v)))] : set.Y;
        Compare(Learner.Train(new LearnerOptions { BoostingOptions = new() { Loss = loss, Iterations = 40, MaxLeaves = 63 } }, set.X, y, set.Task, set.Classes), set.X);
    }

    [OnnxRuntimeTheory]
    [InlineData("xgboost binary", 0, "LOGISTIC", -0.3f)]
    [InlineData("lightgbm binary", 1, "LOGISTIC", null)]
    [InlineData("probabilities of one class", 0, "NONE", null)]
    public void Load_TreeClassifierOfOneScore_ScoresAsOnnxRuntime(string shape, long classId, string transform, float? baseValue)
    {
        bool probabilities = shape.StartsWith("prob", StringComparison.Ordinal);
        OnnxGraphBuilder graph = Begin();
        ProtoMessage[] attributes =
        [
            .. Tree(), OnnxGraphBuilder.Attribute("classlabels_int64s", [0L, 1]), OnnxGraphBuilder.Attribute("post_transform", transform),
            OnnxGraphBuilder.Attribute("class_treeids", [0L, 0, 0]), OnnxGraphBuilder.Attribute("class_nodeids", [1L, 3, 4]),
            OnnxGraphBuilder.Attribute("class_ids", [classId, classId, classId]),
            OnnxGraphBuilder.Attribute("class_weights", probabilities ? [0.2f, 0.9f, 0.4f] : [-0.7f, 1.3f, 0.2f]),
        ];
        CompareClassifier(graph, "TreeEnsembleClassifier", baseValue is { } b ? [.. attributes, OnnxGraphBuilder.Attribute("base_values", [b])] : attributes, 2);
    }

    [OnnxRuntimeTheory]
    [InlineData(3, "SOFTMAX")]
    [InlineData(3, "NONE")]
    [InlineData(2, "NONE")]
    public void Load_TreeClassifierOfAScoreEachClass_ScoresAsOnnxRuntime(int classes, string transform)
    {
        OnnxGraphBuilder graph = Begin();
        long[] leaves = [1, 3, 4];
        CompareClassifier(
            graph, "TreeEnsembleClassifier",
            [
                .. Tree(), OnnxGraphBuilder.Attribute("classlabels_strings", Enumerable.Range(0, classes).Select(k => $"c{k}")),
                OnnxGraphBuilder.Attribute("post_transform", transform),
                OnnxGraphBuilder.Attribute("class_treeids", leaves.SelectMany(_ => Enumerable.Repeat(0L, classes))),
                OnnxGraphBuilder.Attribute("class_nodeids", leaves.SelectMany(l => Enumerable.Repeat(l, classes))),
                OnnxGraphBuilder.Attribute("class_ids", leaves.SelectMany(_ => Enumerable.Range(0, classes).Select(k => (long)k))),
                OnnxGraphBuilder.Attribute("class_weights", leaves.SelectMany(l => Enumerable.Range(0, classes).Select(k => (((l * 3) + k) % 5) / 10f))),
            ],
            classes);
    }

    [OnnxRuntimeTheory]
    [InlineData(2, "LOGISTIC")]
    [InlineData(3, "SOFTMAX")]
    [InlineData(2, "NONE")]
    public void Load_LinearClassifier_ScoresAsOnnxRuntime(int classes, string transform)
    {
        OnnxGraphBuilder graph = Begin();
        string scaled = graph.Node("Scaler", OnnxGraphBuilder.MlDomain, ["X"], OnnxGraphBuilder.Attribute("offset", [0.5f, 1f]), OnnxGraphBuilder.Attribute("scale", [2f, 0.25f]));
        string normal = graph.Node("Normalizer", OnnxGraphBuilder.MlDomain, [scaled], OnnxGraphBuilder.Attribute("norm", "L2"));
        CompareClassifier(
            graph, "LinearClassifier",
            [
                OnnxGraphBuilder.Attribute("classlabels_ints", Enumerable.Range(0, classes).Select(k => (long)k)), OnnxGraphBuilder.Attribute("post_transform", transform),
                OnnxGraphBuilder.Attribute("coefficients", Enumerable.Range(0, classes * 2).Select(i => (i % 3) - 0.8f)),
                OnnxGraphBuilder.Attribute("intercepts", Enumerable.Range(0, classes).Select(k => 0.1f * k)), OnnxGraphBuilder.Attribute("multi_class", 0),
            ],
            classes, normal, missing: false);
    }

    [OnnxRuntimeTheory]
    [InlineData("BRANCH_LEQ")]
    [InlineData("BRANCH_LT")]
    [InlineData("BRANCH_GT")]
    [InlineData("BRANCH_GTE")]
    public void Load_TreeRegressorOfAnyTest_ScoresAsOnnxRuntime(string mode)
    {
        OnnxGraphBuilder graph = Begin();
        graph.Node(
            "TreeEnsembleRegressor", OnnxGraphBuilder.MlDomain, ["X"], "y",
            [
                .. Tree(mode), OnnxGraphBuilder.Attribute("n_targets", 1), OnnxGraphBuilder.Attribute("base_values", [2f]), OnnxGraphBuilder.Attribute("aggregate_function", "AVERAGE"),
                OnnxGraphBuilder.Attribute("target_treeids", [0L, 0, 0]), OnnxGraphBuilder.Attribute("target_nodeids", [1L, 3, 4]), OnnxGraphBuilder.Attribute("target_ids", [0L, 0, 0]),
                OnnxGraphBuilder.Attribute("target_weights", [-1f, 0.5f, 3f]),
            ]);
        graph.Output("y", OnnxType.Float, -1, 1);
        CompareMatrix(graph.ToBytes("test"), 1, missing: true);
    }

    private static OnnxGraphBuilder Begin()
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("X", OnnxType.Float, -1, 2);
        return graph;
    }

    private static ProtoMessage[] Tree(string mode = "BRANCH_LEQ") =>
    [
        OnnxGraphBuilder.Attribute("nodes_treeids", [0L, 0, 0, 0, 0]), OnnxGraphBuilder.Attribute("nodes_nodeids", [0L, 1, 2, 3, 4]),
        OnnxGraphBuilder.Attribute("nodes_featureids", [0L, 0, 1, 0, 0]), OnnxGraphBuilder.Attribute("nodes_values", [0.5f, 0, 1.5f, 0, 0]),
        OnnxGraphBuilder.Attribute("nodes_modes", [mode, "LEAF", mode, "LEAF", "LEAF"]),
        OnnxGraphBuilder.Attribute("nodes_truenodeids", [1L, 0, 3, 0, 0]), OnnxGraphBuilder.Attribute("nodes_falsenodeids", [2L, 0, 4, 0, 0]),
        OnnxGraphBuilder.Attribute("nodes_missing_value_tracks_true", [0L, 0, 1, 0, 0]),
    ];

    private static void CompareClassifier(OnnxGraphBuilder graph, string op, ProtoMessage[] attributes, int classes, string from = "X", bool missing = true)
    {
        graph.NodeOfTwo(op, OnnxGraphBuilder.MlDomain, from, "label", "scores", attributes);
        graph.Output("scores", OnnxType.Float, -1, classes);
        CompareMatrix(graph.ToBytes("test"), classes, missing);
    }

    private static void CompareMatrix(byte[] model, int width, bool missing)
    {
        float[] x = [.. Enumerable.Range(0, 2000).Select(i => missing && i % 9 == 0 ? float.NaN : i % 7 / 2f)];
        double[] expected = OnnxRuntime.Score(model, 1000, OnnxRuntime.Matrix("X", x, 2));
        ScoringModel ours = OnnxModel.Load(model);
        var outputs = new float[1000 * ours.OutputCount];
        ours.PredictBatch(x, 1000, outputs);
        for (int row = 0; row < 1000; row++)
        {
            for (int k = 0; k < ours.OutputCount; k++)
            {
                outputs[(row * ours.OutputCount) + k].ShouldBe((float)expected[(row * width) + (ours.Task == LearningTask.Binary ? 1 : k)], 1e-5);
            }
        }
    }

    private static void Compare(TrainedModel model, FeatureTable table)
    {
        byte[] file = OnnxWriter.Write(model);
        ScoringModel scoring = OnnxModel.Load(file);

        // Every 50th row asks for categories that nobody has seen.
        bool Unknown(int row) => row % 50 == 7;
        OnnxRuntime.Input[] inputs = [.. table.Features.Select(f => f switch
        {
            NumericFeature number => OnnxRuntime.Matrix(f.Name, number.Values, 1),
            CategoricalFeature c => new OnnxRuntime.Input(f.Name, true, 1, [.. c.Codes.Select((code, row) => (object)(Unknown(row) ? "never seen" : code < 0 ? "" : c.Categories[code]))]),
            _ => throw new InvalidOperationException(),
        })];
        double[] expected = OnnxRuntime.Score(file, table.Rows, inputs);
        float[] vectors = TestData.Vectors(scoring, table);
        foreach (int category in Enumerable.Range(0, scoring.Inputs.Count).Where(i => scoring.Inputs[i].Kind == InputKind.Category))
        {
            for (int row = 7; row < table.Rows; row += 50)
            {
                vectors[(row * scoring.Inputs.Count) + category] = scoring.EncodeCategory(category, "never seen"u8);
            }
        }

        int k = scoring.OutputCount, width = expected.Length / table.Rows;
        var outputs = new float[table.Rows * k];
        scoring.PredictBatch(vectors, table.Rows, outputs);
        for (int i = 0; i < outputs.Length; i++)
        {
            outputs[i].ShouldBe((float)expected[(i / k * width) + (k == 1 ? width - 1 : i % k)], 1e-5, $"row {i / k}");
        }
    }
}
