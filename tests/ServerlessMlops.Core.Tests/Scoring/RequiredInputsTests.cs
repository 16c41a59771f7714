using System.Text;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Tests.Scoring;

/// <summary>A model without an imputer, as a converter writes it: it serves, and has no answer to a row that lacks a value.</summary>
public sealed class RequiredInputsTests
{
    [Theory]
    [InlineData("""{"instances":[[1,2],[null,2]]}""", "nullValue 1 'speed' in row 1 is missing, and the model has no answer without it; send a number.")]
    [InlineData("""[{"speed":1,"altitude":2},{"altitude":2}]""", "missingColumn 1 'speed' in row 1 is not there; send a number.")]
    [InlineData("""{"instances":[[1,2],["fast",2]]}""", "wrongType 1 'speed' in row 1 is not a number; send a number.")]
    [InlineData("""{"dataframe_split":{"columns":["altitude"],"data":[[2]]}}""", "missingColumn  Column 'speed' is missing; the model needs it. Send it.")]
    [InlineData("""[{"speeed":1,"altitude":2}]""", "missingColumn 0 'speed' is not there; send a number. Is it what the request calls 'speeed'?")]
    public void Read_RowThatLacksAValue_IsAnErrorOfThatRowWhateverTheRules(string body, string finding)
    {
        var lenient = new ColumnScoringSpec { OnNull = NullPolicy.Accept, OnMissing = UnfitPolicy.Missing, OnWrongType = UnfitPolicy.Missing };
        ServingModel model = Model(Linear(imputed: false), new ScoringSpec { Columns = new Dictionary<string, ColumnScoringSpec> { ["speed"] = lenient, ["altitude"] = lenient } });
        ScoringBatch batch = Read(model, body);

        batch.HasErrors.ShouldBeTrue();
        SignatureFinding found = batch.Findings().Where(f => f.IsError).ShouldHaveSingleItem();
        $"{char.ToLowerInvariant(found.Code.ToString()[0])}{found.Code.ToString()[1..]} {found.FirstRow} {found.Message}".ShouldBe(finding);
    }

    [Fact]
    public void Predict_RowsWithAllValues_AreAnswered()
    {
        ServingModel model = Model(Linear(imputed: false), new ScoringSpec());
        ScoringBatch batch = Read(model, """{"instances":[[1,2],[3,4]]}""");

        batch.HasErrors.ShouldBeFalse();
        batch.Predict(model.Predictor);
        batch.Outputs.ToArray().ShouldBe([5, 11]);
    }

    [Fact]
    public void Read_ModelWithAnImputer_TakesMissingValues()
    {
        ServingModel model = Model(Linear(imputed: true), new ScoringSpec());
        ScoringBatch batch = Read(model, """{"instances":[[null,2]]}""");

        batch.HasErrors.ShouldBeFalse();
        batch.Predict(model.Predictor);
        batch.Outputs.ToArray().ShouldBe([9]);
        RequiredInputs.Of(OnnxModel.Load(Linear(imputed: true))).ShouldBeEmpty();
        RequiredInputs.Of(OnnxModel.Load(Linear(imputed: false))).ShouldBe(["speed", "altitude"]);
    }

    private static ScoringBatch Read(ServingModel model, string body)
    {
        var batch = new ScoringBatch();
        batch.Reset(model.Signature, 3, ScoringLimits.Default);
        InvocationReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default);
        return batch;
    }

    private static ServingModel Model(byte[] onnx, ScoringSpec spec)
    {
        ModelCard card = ScoringFixture.Card(LearningTask.Regression) with { Inputs = [new FeatureSignature("speed", FeatureKind.Number), new FeatureSignature("altitude", FeatureKind.Number)] };
        return new ServingModel(card, 3, OnnxPredictor.Read(onnx), new ScoringRules(spec));
    }

    private static byte[] Linear(bool imputed)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("X", OnnxType.Float, -1, 2);
        string inputs = imputed
            ? graph.Node("Imputer", OnnxGraphBuilder.MlDomain, ["X"], OnnxGraphBuilder.Attribute("imputed_value_floats", [5f, 5]), OnnxGraphBuilder.Attribute("replaced_value_float", float.NaN))
            : "X";
        string sum = graph.Node("LinearRegressor", OnnxGraphBuilder.MlDomain, [inputs], OnnxGraphBuilder.Attribute("coefficients", [1f, 2]), OnnxGraphBuilder.Attribute("intercepts", [0f]));
        graph.Output(sum, OnnxType.Float, -1, 1);
        return OnnxModel.WithNames(graph.ToBytes("exported"), ["speed", "altitude"], null).ToArray();
    }
}
