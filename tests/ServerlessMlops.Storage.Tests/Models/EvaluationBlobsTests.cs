using Azure.Storage.Blobs;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;
using ServerlessMlops.Storage.Models;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Models;

public class EvaluationBlobsTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private readonly EvaluationBlobs _evaluations = new(new BlobServiceClient(azurite.ConnectionString, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2021_12_02)));

    [Fact]
    public async Task SaveAsync_Twice_TheFirstStands()
    {
        string pipeline = azurite.UniqueName();
        EvaluationReport first = Report("first"), second = Report("second");
        await _evaluations.SaveRunAsync(pipeline, "train-1", first, default);
        await _evaluations.SaveRunAsync(pipeline, "train-1", second, default);
        await _evaluations.SaveVersionAsync(pipeline, 1, first, default);

        (await _evaluations.LoadRunAsync(pipeline, "train-1", default))!.Reason.ShouldBe("first");
        EvaluationReport kept = (await _evaluations.LoadVersionAsync(pipeline, 1, default)).ShouldNotBeNull();
        kept.Gates.ShouldBe(first.Gates);
        kept.Models[0].Metrics["auc"].ShouldBe(first.Models[0].Metrics["auc"]);
        (await _evaluations.LoadRunAsync(pipeline, "train-2", default)).ShouldBeNull();
        (await _evaluations.LoadVersionAsync(pipeline, 2, default)).ShouldBeNull();
    }

    private static EvaluationReport Report(string reason) => new()
    {
        Pipeline = "p",
        RunId = "train-1",
        DatasetId = "d",
        SpecHash = "s",
        Task = LearningTask.Binary,
        Metric = "auc",
        Rows = 100,
        Resamples = 1000,
        Seed = 1,
        Models = [new ModelEvaluation { Name = "linear", ModelId = "m", Metrics = new Dictionary<string, MetricEstimate> { ["auc"] = new(0.8, 100, 0.7, 0.9) }, Costs = new ModelCosts(10) }],
        Gates = [new GateVerdict("auc >= 0.7", Verdict.Passed, "it is") { Value = 0.8, Rows = 100 }],
        Reason = reason,
    };
}
