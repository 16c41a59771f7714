using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.Functions.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Linear;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Tests.Training;

/// <summary>Models made elsewhere, dropped into the models container of the whole app.</summary>
[Collection(TestAppCollection.Name)]
public sealed class IncomingModelTests(TestApp app)
{
    private const string Spec = "target: heavy\nkey: id\ntrain: {candidates: [baseline]}\n";

    [Fact]
    public async Task Drop_ModelThatFits_IsJudgedRegisteredAndServed()
    {
        string pipeline = app.NewPipeline();
        Run training = await app.TrainAsync(pipeline, Spec);
        byte[] onnx = OnnxWriter.Write(await TrainElsewhereAsync(pipeline, training));

        await DropAsync(pipeline, "from-a-notebook.onnx", onnx);

        Run run = await IncomingRunAsync(pipeline);
        run.Status.ShouldBe(RunStatus.Succeeded, run.Reason);
        run.Inputs.Select(i => i.Kind).ShouldBe(["incoming", "spec", "dataset", "model"]);
        run.Outputs.Single(o => o.Kind == "model").Id.ShouldBe(ContentAddress.Of(onnx));
        int version = int.Parse(run.Outputs.Single(o => o.Kind == "version").Id, System.Globalization.CultureInfo.InvariantCulture);
        ModelCard card = await app.GetAsync<ModelCard>($"api/pipelines/{pipeline}/models/{version}");
        card.Candidate.ShouldBe("incoming-from-a-notebook");
        card.Metrics["auc"].ShouldBeGreaterThan(0.6);
        await TestApp.EventuallyAsync(
            async () => (await app.GetAsync<JsonElement>($"api/pipelines/{pipeline}/deployment")).GetProperty("live").GetProperty("version").GetInt32() == version,
            () => $"version {version} serves");
    }

    [Theory]
    [InlineData(true, "predictions")]
    [InlineData(false, "is missing, and the model has no answer without it; send a number.")]
    public async Task Drop_MatrixOfUnnamedColumns_IsServedByTheOrderOfTheFeatures(bool imputes, string toMissing)
    {
        string pipeline = app.NewPipeline();
        await app.TrainAsync(pipeline, Spec + "columns: {height: {sensitive: true}}\n");
        var graph = new OnnxGraphBuilder();
        graph.Input("float_input", OnnxType.Float, -1, 2);
        string matrix = !imputes ? "float_input" : graph.Node(
            "Imputer", OnnxGraphBuilder.MlDomain, ["float_input"], OnnxGraphBuilder.Attribute("imputed_value_floats", [5f, 5]), OnnxGraphBuilder.Attribute("replaced_value_float", float.NaN));
        graph.NodeOfTwo(
            "LinearClassifier", OnnxGraphBuilder.MlDomain, matrix, "label", "probabilities",
            [
                OnnxGraphBuilder.Attribute("coefficients", [-1f, 0, 1, 0]), OnnxGraphBuilder.Attribute("intercepts", [5.5f, -5.5f]),
                OnnxGraphBuilder.Attribute("classlabels_ints", [0L, 1]), OnnxGraphBuilder.Attribute("post_transform", "LOGISTIC"),
            ]);
        graph.Output("probabilities", OnnxType.Float, -1, 2);

        await DropAsync(pipeline, "from-sklearn.onnx", graph.ToBytes("sklearn"));

        Run run = await IncomingRunAsync(pipeline);
        run.Status.ShouldBe(RunStatus.Succeeded, run.Reason);
        run.Inputs.Single(i => i.Kind == "model").Detail.ShouldBe("its columns were taken to be weight, height, in that order; its classes 0, 1 ... were taken to be false, true");
        string version = run.Outputs.Single(o => o.Kind == "version").Id;
        await TestApp.EventuallyAsync(
            async () => (await app.GetAsync<JsonElement>($"api/pipelines/{pipeline}/deployment")).GetProperty("live").GetProperty("version").GetRawText() == version,
            () => $"version {version} serves");
        using var body = new StringContent("""{"dataframe_records": [{"height": 0, "weight": 7.5}, {"height": 99, "weight": 1.5}]}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await app.Http.PostAsync($"models/{pipeline}/invocations", body);
        string text = await answer.Content.ReadAsStringAsync();
        JsonDocument.Parse(text).RootElement.GetProperty("predictions").EnumerateArray().Select(p => p.GetProperty("decision").GetString()).ShouldBe(["true", "false"], text);
        using var lacking = new StringContent("""{"dataframe_records": [{"height": 0, "weight": null}]}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage answerToLacking = await app.Http.PostAsync($"models/{pipeline}/invocations", lacking);
        string told = JsonDocument.Parse(await answerToLacking.Content.ReadAsStringAsync()).RootElement.ToString();
        told.Replace("\\u0027", "'", StringComparison.Ordinal).ShouldContain(toMissing);
    }

    [Fact]
    public async Task Drop_ModelOfAnUnsupportedOperator_IsRefusedByNameOnItsRunAndInAnAlert()
    {
        string pipeline = app.NewPipeline();
        Run training = await app.TrainAsync(pipeline, Spec);
        byte[] onnx = OnnxWriter.Write(await TrainElsewhereAsync(pipeline, training));

        await DropAsync(pipeline, "strange.onnx", Replace(onnx, "LinearRegressor", "LinearRegresseX"));

        Run run = await IncomingRunAsync(pipeline);
        run.Status.ShouldBe(RunStatus.Rejected);
        run.Reason!.ShouldContain("ai.onnx.ml.LinearRegresseX, which is not supported");
        await TestApp.EventuallyAsync(
            async () => (await app.GetAsync<JsonElement>($"api/pipelines/{pipeline}/alerts")).GetRawText().Contains("LinearRegresseX", StringComparison.Ordinal),
            () => "the alert");
    }

    [Fact]
    public async Task Drop_ModelThatDoesNotFit_IsRefusedWithAllReasons()
    {
        string pipeline = app.NewPipeline();
        await app.TrainAsync(pipeline, Spec);
        var table = new FeatureTable([new NumericFeature("nowhere", [.. Enumerable.Range(0, 100).Select(i => (float)i)])]);
        byte[] onnx = OnnxWriter.Write(Learner.Train(new LearnerOptions { Name = "linear" }, table, [.. Enumerable.Range(0, 100).Select(i => (float)(i / 50))], LearningTask.Binary, ["light", "heavy"]));

        await DropAsync(pipeline, "other.onnx", onnx);

        Run run = await IncomingRunAsync(pipeline);
        run.Status.ShouldBe(RunStatus.Rejected);
        run.Reason!.ShouldContain("Its classes are light, heavy");
        run.Reason!.ShouldContain("Its input 'nowhere' is no feature of the pipeline");
    }

    [Fact]
    public async Task Drop_FileThatIsNoModel_IsRefused()
    {
        string pipeline = app.NewPipeline();
        await app.TrainAsync(pipeline, Spec);

        await DropAsync(pipeline, "notes.onnx", Encoding.UTF8.GetBytes("these are my notes on the model"));

        Run run = await IncomingRunAsync(pipeline);
        run.Status.ShouldBe(RunStatus.Rejected);
        run.Reason!.ShouldContain("The file");
    }

    private Task<TrainedModel> TrainElsewhereAsync(string pipeline, Run training) => TrainElsewhereAsync(app, pipeline, training);

    private Task DropAsync(string pipeline, string name, byte[] onnx) => DropAsync(app, pipeline, name, onnx);

    internal static async Task<TrainedModel> TrainElsewhereAsync(TestApp app, string pipeline, Run training)
    {
        TrainingData data = await app.Services.GetRequiredService<TrainingDataReader>().ReadAsync(
            pipeline, training.Inputs.Single(i => i.Kind == "dataset").Id, training.Inputs.Single(i => i.Kind == "spec").Id, default);
        var options = new LearnerOptions { Name = "linear", LinearOptions = new LinearOptions { L2 = 3 } };
        return Learner.Train(options, data.Train.Features, data.Train.Labels, data.Task, data.Classes);
    }

    internal static async Task DropAsync(TestApp app, string pipeline, string name, byte[] onnx) =>
        await new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("models").GetBlobClient($"{pipeline}/incoming/{name}").UploadAsync(BinaryData.FromBytes(onnx), overwrite: true);

    private Task<Run> IncomingRunAsync(string pipeline) =>
        app.RunAsync(pipeline, "the dropped model was dealt with", run => run.Id.StartsWith("incoming-", StringComparison.Ordinal) && run.IsEnded);

    private static byte[] Replace(byte[] bytes, string from, string to)
    {
        byte[] changed = (byte[])bytes.Clone();
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(from));
        Encoding.UTF8.GetBytes(to).CopyTo(changed, at);
        return changed;
    }
}
