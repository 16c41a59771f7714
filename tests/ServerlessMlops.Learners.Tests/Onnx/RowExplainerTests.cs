using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Explaining;
using ServerlessMlops.Learners.Onnx;
using static ServerlessMlops.Learners.Onnx.OnnxGraphBuilder;

namespace ServerlessMlops.Learners.Tests.Onnx;

/// <summary>Explanations of a model read from its file are those of the model that training returned.</summary>
public class RowExplainerTests
{
    [Theory]
    [InlineData(LearnerOptions.Boosting, LearningTask.Binary)]
    [InlineData(LearnerOptions.Boosting, LearningTask.Multiclass)]
    [InlineData(LearnerOptions.Boosting, LearningTask.Regression)]
    [InlineData(LearnerOptions.Linear, LearningTask.Binary)]
    [InlineData(LearnerOptions.Linear, LearningTask.Multiclass)]
    [InlineData(LearnerOptions.Linear, LearningTask.Regression)]
    [InlineData(LearnerOptions.Baseline, LearningTask.Regression)]
    public void Explain_ModelReadFromItsFile_GivesTheSameContributions(string learner, LearningTask task)
    {
        TestData.Set set = TestData.Make(task, 500);
        TrainedModel trained = Learner.Train(new LearnerOptions { Name = learner, BoostingOptions = new BoostingOptions { Iterations = 15 } }, set.X, set.Y, set.Task, set.Classes);
        ScoringModel read = OnnxModel.Load(OnnxWriter.Write(trained));
        read.ExplanationFault.ShouldBeNull();
        FeatureTable rows = set.X.Select([.. Enumerable.Range(0, 25)]);
        var contributions = new double[read.Inputs.Count];
        for (int output = 0; output < trained.OutputCount; output++)
        {
            Explanation[] expected = Explainer.Explain(trained, rows, set.X, output);
            float[] scores = trained.Score(rows);
            for (int row = 0; row < rows.Rows; row++)
            {
                double @base = read.Explain(FeaturesOf(read, rows, row), output, contributions);
                @base.ShouldBe(expected[row].Base, 1e-4);
                for (int i = 0; i < contributions.Length; i++)
                {
                    contributions[i].ShouldBe(expected[row].Contributions[i], 1e-4, $"{read.Inputs[i].Name} of row {row}");
                }

                (@base + contributions.Sum()).ShouldBe(scores[(row * trained.OutputCount) + output], 1e-3);
            }
        }
    }

    [Fact]
    public void Explain_ForestWithoutCounts_SaysWhyNot()
    {
        // skl2onnx writes a hit rate of 1 for every node.
        OnnxGraphBuilder graph = new();
        graph.Input("X", OnnxType.Float, -1, 1);
        graph.Node(
            "TreeEnsembleRegressor", MlDomain, ["X"], "value",
            Attribute("n_targets", 1), Attribute("nodes_treeids", new long[] { 0, 0, 0 }), Attribute("nodes_nodeids", new long[] { 0, 1, 2 }),
            Attribute("nodes_featureids", new long[] { 0, 0, 0 }), Attribute("nodes_modes", new[] { "BRANCH_LEQ", "LEAF", "LEAF" }),
            Attribute("nodes_values", new float[] { 0.5f, 0, 0 }), Attribute("nodes_truenodeids", new long[] { 1, 0, 0 }), Attribute("nodes_falsenodeids", new long[] { 2, 0, 0 }),
            Attribute("nodes_hitrates", new float[] { 1, 1, 1 }),
            Attribute("target_treeids", new long[] { 0, 0 }), Attribute("target_nodeids", new long[] { 1, 2 }), Attribute("target_ids", new long[] { 0, 0 }),
            Attribute("target_weights", new float[] { 1, 2 }));
        graph.Output("value", OnnxType.Float, -1, 1);
        ScoringModel model = OnnxModel.Load(graph.ToBytes("test"));

        model.ExplanationFault.ShouldNotBeNull().ShouldContain("nodes_hitrates");
        Should.Throw<InvalidOperationException>(() => model.Explain([1], 0, new double[1]));
    }

    private static float[] FeaturesOf(ScoringModel model, FeatureTable rows, int row) =>
    [
        .. model.Inputs.Select((input, i) => rows.Features.Single(f => f.Name == input.Name) switch
        {
            NumericFeature number => number.Values[row],
            CategoricalFeature { Codes: var codes, Categories: var names } => codes[row] < 0 ? float.NaN : model.EncodeCategory(i, System.Text.Encoding.UTF8.GetBytes(names[codes[row]])),
            _ => throw new InvalidOperationException(),
        }),
    ];
}
