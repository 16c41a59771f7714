using ServerlessMlops.Learners.Onnx;
using static ServerlessMlops.Learners.Onnx.OnnxGraphBuilder;

namespace ServerlessMlops.Learners.Tests.Onnx;

/// <summary>Graphs of the shapes that the converters of scikit-learn (skl2onnx), xgboost and lightgbm (onnxmltools) emit, in ours and in Microsoft's runtime.</summary>
public class ExporterShapeTests
{
    private const int Rows = 1000;
    private const int Numbers = 4;

    [OnnxRuntimeTheory]
    [InlineData("sklearn RandomForestClassifier", 3, "NONE")]
    [InlineData("sklearn DecisionTreeClassifier", 2, "NONE")]
    [InlineData("xgboost XGBClassifier", 3, "SOFTMAX")]
    [InlineData("lightgbm LGBMClassifier", 4, "SOFTMAX")]
    public void Load_ForestOfClasses_ScoresAsOnnxRuntime(string exporter, int classes, string transform)
    {
        bool shares = transform == "NONE";
        var forest = new RandomForest(exporter.StartsWith("xgboost", StringComparison.Ordinal) ? "BRANCH_LT" : "BRANCH_LEQ", shares ? 5 : 5 * classes, Numbers);
        OnnxGraphBuilder graph = Begin();
        graph.NodeOfTwo(
            "TreeEnsembleClassifier", MlDomain, "X", "label", "probabilities",
            [
                .. shares ? forest.ClassShares(classes) : forest.ClassScores(tree => tree % classes), Attribute("classlabels_strings", Enumerable.Range(0, classes).Select(k => $"class {k}")),
                Attribute("post_transform", transform), .. shares ? Array.Empty<ProtoMessage>() : [Attribute("base_values", Enumerable.Repeat(0.5f, classes))],
            ]);
        graph.Output("probabilities", OnnxType.Float, -1, classes);
        Compare(graph, missing: !shares);
    }

    [OnnxRuntimeTheory]
    [InlineData("sklearn GradientBoostingClassifier", "BRANCH_LEQ", 0, 0.3f)]
    [InlineData("xgboost XGBClassifier", "BRANCH_LT", 0, -0.2f)]
    [InlineData("lightgbm LGBMClassifier", "BRANCH_LEQ", 1, null)]
    public void Load_BoostedTreesOfTwoClasses_ScoreAsOnnxRuntime(string exporter, string mode, int classId, float? baseValue)
    {
        OnnxGraphBuilder graph = Begin();
        graph.NodeOfTwo(
            "TreeEnsembleClassifier", MlDomain, "X", "label", "probabilities",
            [
                .. new RandomForest(mode, 20, Numbers).ClassScores(_ => classId), Attribute("classlabels_int64s", [0L, 1]), Attribute("post_transform", "LOGISTIC"),
                .. baseValue is { } b ? [Attribute("base_values", [b])] : Array.Empty<ProtoMessage>(),
            ]);
        graph.Output("probabilities", OnnxType.Float, -1, 2);
        Compare(graph, missing: exporter.Contains("xgb", StringComparison.Ordinal));
    }

    [OnnxRuntimeTheory]
    [InlineData("sklearn RandomForestRegressor", "BRANCH_LEQ", "AVERAGE", false)]
    [InlineData("sklearn HistGradientBoostingRegressor", "BRANCH_LEQ", "SUM", true)]
    [InlineData("xgboost XGBRegressor", "BRANCH_LT", "SUM", true)]
    [InlineData("lightgbm LGBMRegressor", "BRANCH_LEQ", "SUM", true)]
    public void Load_ForestOfValues_ScoresAsOnnxRuntime(string exporter, string mode, string aggregate, bool missing)
    {
        OnnxGraphBuilder graph = Begin();
        graph.Node(
            "TreeEnsembleRegressor", MlDomain, ["X"], "variable",
            [
                .. new RandomForest(mode, 25, Numbers).Values(), Attribute("n_targets", 1), Attribute("aggregate_function", aggregate),
                .. exporter.StartsWith("sklearn Random", StringComparison.Ordinal) ? Array.Empty<ProtoMessage>() : [Attribute("base_values", [0.5f])],
            ]);
        graph.Output("variable", OnnxType.Float, -1, 1);
        Compare(graph, missing);
    }

    /// <summary>HistGradientBoostingClassifier: raw scores of a regressor, the logistic and the label computed beside.</summary>
    [OnnxRuntimeTheory]
    [InlineData(0)]
    public void Load_RawScoresThenSigmoid_ScoreAsOnnxRuntime(int seed)
    {
        OnnxGraphBuilder graph = Begin();
        string raw = graph.Node("TreeEnsembleRegressor", MlDomain, ["X"], [.. new RandomForest("BRANCH_LEQ", 30, Numbers, seed).Values(), Attribute("n_targets", 1)]);
        string positive = graph.Node("Sigmoid", "", [raw]);
        string negative = graph.Node("Sub", "", [graph.Constant([1f], 1), positive]);
        string both = graph.Node("Concat", "", [negative, positive], Attribute("axis", 1));
        string best = graph.Node("ArgMax", "", [both], Attribute("axis", 1), Attribute("keepdims", 0));
        graph.Node("Cast", "", [best], "label", Attribute("to", (int)OnnxType.Int64));
        graph.Node("Identity", "", [both], "probabilities");
        graph.Output("label", OnnxType.Int64, -1);
        graph.Output("probabilities", OnnxType.Float, -1, 2);
        graph.Metadata(OnnxWriter.ClassesKey, """["no","yes"]""");
        Compare(graph);
    }

    /// <summary>A ColumnTransformer: imputed and scaled numbers beside one-hot and ordinal categories, then a classifier.</summary>
    [OnnxRuntimeTheory]
    [InlineData("LogisticRegression", 2, "LOGISTIC")]
    [InlineData("LogisticRegression multinomial", 3, "SOFTMAX")]
    public void Load_PipelineOfNumbersAndCategories_ScoresAsOnnxRuntime(string estimator, int classes, string transform)
    {
        OnnxGraphBuilder graph = Begin();
        graph.Input("colour", OnnxType.String, -1, 1);
        graph.Input("size", OnnxType.String, -1, 1);
        string scaled = Scaled(graph);
        string indicator = graph.Node("Cast", "", [graph.Node("IsNaN", "", ["X"])], Attribute("to", (int)OnnxType.Float));
        string colour = graph.Node("OneHotEncoder", MlDomain, ["colour"], Attribute("cats_strings", ["blue", "green", "red"]), Attribute("zeros", 1));
        string oneHot = graph.Node("Reshape", "", [colour, Ints(graph, -1, 3)]);
        string size = graph.Node(
            "LabelEncoder", MlDomain, ["size"], Attribute("keys_strings", ["S", "M", "L"]), Attribute("values_int64s", [0L, 1, 2]), Attribute("default_int64", -1));
        string ordinal = graph.Node("Cast", "", [graph.Node("Reshape", "", [size, Ints(graph, -1, 1)])], Attribute("to", (int)OnnxType.Float));
        string all = graph.Node("Concat", "", [scaled, indicator, oneHot, ordinal], Attribute("axis", 1));
        int width = Numbers + Numbers + 3 + 1;
        graph.NodeOfTwo(
            "LinearClassifier", MlDomain, all, "label", "raw_probabilities",
            [
                Attribute("coefficients", Spread(width * classes)), Attribute("intercepts", Spread(classes)), Attribute("classlabels_strings", Enumerable.Range(0, classes).Select(k => $"{k}")),
                Attribute("multi_class", transform == "SOFTMAX" ? 1 : 0), Attribute("post_transform", transform),
            ]);
        graph.Node("Normalizer", MlDomain, ["raw_probabilities"], "probabilities", Attribute("norm", "L1"));
        graph.Output("probabilities", OnnxType.Float, -1, classes);
        Compare(graph, texts: [("colour", ["red", "green", "blue", "never seen", ""]), ("size", ["S", "M", "L", "XXL", ""])]);
        estimator.ShouldNotBeEmpty();
    }

    [OnnxRuntimeTheory]
    [InlineData("PCA, LinearRegression")]
    [InlineData("MinMaxScaler, MLPRegressor")]
    public void Load_MatrixProducts_ScoreAsOnnxRuntime(string pipeline)
    {
        OnnxGraphBuilder graph = Begin();
        string at = Scaled(graph);
        if (pipeline.StartsWith("PCA", StringComparison.Ordinal))
        {
            string centred = graph.Node("Sub", "", [at, graph.Constant(Spread(Numbers), Numbers)]);
            at = graph.Node("MatMul", "", [centred, graph.Constant(Spread(Numbers * 2), Numbers, 2)]);
            at = graph.Node("LinearRegressor", MlDomain, [at], Attribute("coefficients", [0.7f, -1.2f]), Attribute("intercepts", [3f]));
        }
        else
        {
            at = graph.Node("Clip", "", [at, graph.Constant([-1f]), graph.Constant([1f])]);
            at = graph.Node("Relu", "", [graph.Node("Add", "", [graph.Node("MatMul", "", [at, graph.Constant(Spread(Numbers * 8), Numbers, 8)]), graph.Constant(Spread(8), 8)])]);
            at = graph.Node("Gemm", "", [at, graph.Constant(Spread(8), 1, 8), graph.Constant([0.25f], 1)], Attribute("transB", 1));
        }

        graph.Node("Reshape", "", [at, Ints(graph, -1, 1)], "variable");
        graph.Output("variable", OnnxType.Float, -1, 1);
        Compare(graph);
    }

    [Fact]
    public void WithNames_MatrixOfTwoClasses_NamesColumnsAndClassesAndChangesNothingElse()
    {
        OnnxGraphBuilder graph = Begin();
        graph.NodeOfTwo(
            "TreeEnsembleClassifier", MlDomain, "X", "label", "probabilities",
            [.. new RandomForest("BRANCH_LT", 20, Numbers).ClassScores(_ => 0), Attribute("classlabels_int64s", [0L, 1]), Attribute("post_transform", "LOGISTIC")]);
        graph.Output("probabilities", OnnxType.Float, -1, 2);
        byte[] file = graph.ToBytes("exported");
        ScoringModel plain = OnnxModel.Load(file), named = OnnxModel.Load(OnnxModel.WithNames(file, ["a", "b", "c", "d"], ["no", "yes"]));

        plain.Inputs.Select(i => i.Name).ShouldBe(["X[0]", "X[1]", "X[2]", "X[3]"]);
        named.Inputs.Select(i => i.Name).ShouldBe(["a", "b", "c", "d"]);
        named.Classes.ShouldBe(["no", "yes"]);
        var (before, after) = (new float[1], new float[1]);
        plain.Predict([1, 2, float.NaN, -1], before);
        named.Predict([1, 2, float.NaN, -1], after);
        after.ShouldBe(before);
        Should.Throw<OnnxFormatException>(() => OnnxModel.Load(OnnxModel.WithNames(file, ["a", "b", "a", "d"], null))).Message
            .ShouldBe("Metadata 'mlops.inputs' has 4 names for 4 columns; expected a distinct name for each.");
    }

    private static OnnxGraphBuilder Begin()
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("X", OnnxType.Float, -1, Numbers);
        return graph;
    }

    private static string Scaled(OnnxGraphBuilder graph)
    {
        string imputed = graph.Node("Imputer", MlDomain, ["X"], Attribute("imputed_value_floats", Spread(Numbers)), Attribute("replaced_value_float", float.NaN));
        return graph.Node("Scaler", MlDomain, [imputed], Attribute("offset", Spread(Numbers)), Attribute("scale", [0.5f, 1f, 2f, 0.25f]));
    }

    private static string Ints(OnnxGraphBuilder graph, params long[] values) => graph.Node("Constant", "", [], Attribute("value_ints", values));

    private static float[] Spread(int count) => [.. Enumerable.Range(0, count).Select(i => (((i * 37) % 11) - 5) / 5f)];

    private static void Compare(OnnxGraphBuilder graph, bool missing = true, params (string Name, string[] Values)[] texts)
    {
        byte[] model = graph.ToBytes("exported");
        var random = new Random(3);
        float[] x = [.. Enumerable.Range(0, Rows * Numbers).Select(_ => missing && random.NextSingle() < 0.1f ? float.NaN : (float)Math.Round((random.NextDouble() * 8) - 4, 1))];
        string[][] names = [.. texts.Select(t => Enumerable.Range(0, Rows).Select(_ => t.Values[random.Next(t.Values.Length)]).ToArray())];
        double[] expected = OnnxRuntime.Score(model, Rows, [OnnxRuntime.Matrix("X", x, Numbers), .. texts.Select((t, i) => new OnnxRuntime.Input(t.Name, true, 1, names[i]))]);

        ScoringModel ours = OnnxModel.Load(model);
        int width = Numbers + texts.Length, outputs = expected.Length / Rows;
        var row = new float[width];
        var scores = new float[ours.OutputCount];
        for (int r = 0; r < Rows; r++)
        {
            x.AsSpan(r * Numbers, Numbers).CopyTo(row);
            for (int t = 0; t < texts.Length; t++)
            {
                row[Numbers + t] = ours.EncodeCategory(Numbers + t, System.Text.Encoding.UTF8.GetBytes(names[t][r]));
            }

            ours.Predict(row, scores);
            for (int k = 0; k < scores.Length; k++)
            {
                scores[k].ShouldBe((float)expected[(r * outputs) + (ours.Task == LearningTask.Binary ? 1 : k)], 1e-5, $"row {r}, output {k}");
            }
        }
    }
}
