using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Tests.Training;

public sealed class IncomingModelTests
{
    [Fact]
    public void Read_MatrixOfAsManyColumnsAsFeatures_IsNamedByTheirOrder()
    {
        (ReadOnlyMemory<byte> onnx, ScoringModel model, string? byOrder) = IncomingModel.Read(Matrix(2, ["0", "1"]), Data(["no", "yes"], "weight", "height"));

        model.Inputs.Select(i => i.Name).ShouldBe(["weight", "height"]);
        model.Classes.ShouldBe(["no", "yes"]);
        byOrder.ShouldBe("its columns were taken to be weight, height, in that order; its classes 0, 1 ... were taken to be no, yes");
        IncomingModel.Faults(OnnxModel.Load(onnx), Data(["no", "yes"], "weight", "height")).ShouldBeEmpty();
    }

    [Fact]
    public void Read_NamesThatTheFileGives_AreKept()
    {
        byte[] file = OnnxModel.WithNames(Matrix(2, ["no", "yes"]), ["height", "weight"], null);

        (ReadOnlyMemory<byte> onnx, ScoringModel model, string? byOrder) = IncomingModel.Read(file, Data(["no", "yes"], "weight", "height"));

        onnx.ToArray().ShouldBe(file);
        model.Inputs.Select(i => i.Name).ShouldBe(["height", "weight"]);
        byOrder.ShouldBeNull();
    }

    [Fact]
    public void Faults_MatrixOfAnotherWidth_SaysWhatTheColumnsShouldBe()
    {
        TrainingData data = Data(["0", "1"], "weight", "height");

        IncomingModel.Faults(IncomingModel.Read(Matrix(3, ["0", "1"]), data).Model, data).ShouldHaveSingleItem().ShouldBe(
            "Its input 'X' is a matrix of 3 unnamed columns; the pipeline has 2 feature(s) that are numbers: weight, height, and 1 that are categories (colour), whose numbering the file "
            + "does not tell. Train on the numbers in that order, name the columns in its metadata as a JSON list under 'mlops.inputs', or export it with one input of shape [N, 1] for each column, by its name.");
    }

    [Fact]
    public void Faults_OtherClassNames_AreNotTakenByOrder()
    {
        TrainingData data = Data(["no", "yes"], "weight", "height");

        IncomingModel.Faults(IncomingModel.Read(Matrix(2, ["yes", "no"]), data).Model, data).ShouldHaveSingleItem().ShouldStartWith("Its classes are yes, no; the pipeline's are no, yes, in that order.");
    }

    [Fact]
    public void Faults_MissingValuesOfAnInputItCannotDoWithout_NameItAndTheWayOut()
    {
        TrainingData data = Data(["0", "1"], "weight", "height");
        var gap = new FeatureTable([.. data.Holdout.Features.Features.Select(f => f.Name == "height" ? new NumericFeature("height", [float.NaN, 2]) : f)]);

        IncomingModel.Faults(IncomingModel.Read(Matrix(2, ["0", "1"]), data).Model, data with { Holdout = new LabelledRows(gap, data.Holdout.Labels) }).ShouldHaveSingleItem().ShouldBe(
            "It has no answer where its input 'height' is missing, as in 1 of the pipeline's 4 rows. Add an imputer before exporting it, or keep such rows out of the data "
            + "(expect: [{column: height, notNull: true}]).");
        IncomingModel.Faults(IncomingModel.Read(Matrix(2, ["0", "1"]), data).Model, data).ShouldBeEmpty();
    }

    private static byte[] Matrix(int width, string[] classes)
    {
        var graph = new OnnxGraphBuilder();
        graph.Input("X", OnnxType.Float, -1, width);
        graph.NodeOfTwo(
            "LinearClassifier", OnnxGraphBuilder.MlDomain, "X", "label", "probabilities",
            [
                OnnxGraphBuilder.Attribute("coefficients", new float[2 * width]), OnnxGraphBuilder.Attribute("intercepts", [0f, 1]),
                OnnxGraphBuilder.Attribute("classlabels_strings", classes), OnnxGraphBuilder.Attribute("post_transform", "SOFTMAX"),
            ]);
        graph.Output("probabilities", OnnxType.Float, -1, 2);
        return graph.ToBytes("exported");
    }

    private static TrainingData Data(string[] classes, params string[] numbers)
    {
        var features = new FeatureTable([new CategoricalFeature("colour", [0, 1], ["red", "blue"]), .. numbers.Select(name => new NumericFeature(name, [1, 2]))]);
        var rows = new LabelledRows(features, [0, 1]);
        return new TrainingData(LearningTask.Binary, classes, rows, rows);
    }
}
