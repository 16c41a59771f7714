using System.Net;
using System.Text;
using ServerlessMlops.EndToEnd.Harness;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.EndToEnd;

/// <summary>What an operator sees of a run, over OTLP.</summary>
public sealed class TelemetryTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Upload_ToDeployment_IsOneTree()
    {
        string pipeline = azurite.UniqueName("trace");
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using (AppProcess app = await StartAsync(collector))
        {
            await app.PutSpecAsync(pipeline, Uploads.Spec);
            await Uploads.DropAsync(azurite.ConnectionString, $"{pipeline}/birds.csv", Uploads.Rows(1500));
            await app.RunAsync(pipeline, "the training has ended", run => run.Kind == "training" && run.IsEnded);
            await app.RunAsync(pipeline, "the rollout has ended", run => run.Kind == "rollout" && run.IsEnded);
            await Eventually.GetAsync("the spans have arrived", () =>
            {
                bool all = collector.Spans.Any(span => span.Name == "orchestration:IngestionOrchestrator")
                    && collector.Spans.Any(span => span.Name == "orchestration:TrainingOrchestrator")
                    && collector.Spans.Any(span => span.Name == "orchestration:RolloutOrchestrator");
                return Task.FromResult((all ? "yes" : null, string.Join('\n', collector.Spans)));
            });
        }

        CollectedSpan ingestion = collector.Spans.Where(span => span.Name == "orchestration:IngestionOrchestrator").ShouldHaveSingleItem();
        CollectedSpan[] trace = [.. collector.Spans.Where(span => span.TraceId == ingestion.TraceId)];
        HashSet<string> ids = [.. trace.Select(span => span.SpanId)];

        // The upload itself, or the spec that it was found waiting for, whichever was heard of first.
        trace.Where(span => span.ParentId.Length == 0).ShouldHaveSingleItem().Name.ShouldBeOneOf("function UploadArrived", "function SpecArrived");
        trace.Where(span => span.ParentId.Length > 0 && !ids.Contains(span.ParentId)).ShouldBeEmpty("every parent is in the trace");
        foreach (string step in (string[])["IngestUpload", "AssembleDataset", "TrainCandidate", "JudgeCandidates"])
        {
            trace.ShouldContain(span => span.Name == $"function {step}", step);
        }

        foreach (string orchestrator in (string[])["IngestionOrchestrator", "TrainingOrchestrator", "RolloutOrchestrator"])
        {
            trace.ShouldContain(span => span.Name == $"orchestration:{orchestrator}", orchestrator);
        }

        trace.ShouldContain(span => span.Source.StartsWith("Azure.", StringComparison.Ordinal), "storage calls");
    }

    [Fact]
    public async Task Exports_NameRunsAndRows_AndCarryNoSecretsOrRowValues()
    {
        string pipeline = azurite.UniqueName("metrics");
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        string log;
        await using (AppProcess app = await StartAsync(collector))
        {
            await app.PutSpecAsync(pipeline, Uploads.Spec);
            await Uploads.DropAsync(azurite.ConnectionString, $"{pipeline}/birds.csv", Uploads.Rows(1500));
            await app.RunAsync(pipeline, "the rollout has ended", run => run.Kind == "rollout" && run.IsEnded);
            (HttpStatusCode status, string answer) = await app.PostAsync(
                $"models/{pipeline}/invocations",
                """
                {"dataframe_records": [{"aircraft": "B-737-300", "operator": "ZEPPELIN-PRIVATE-VALUE", "origin_state": "Texas", "phase": "Climb",
                  "wildlife_size": "Large", "wildlife_species": "Canada goose", "time_of_day": "Day", "speed_knots": 200}]}
                """);
            status.ShouldBe(HttpStatusCode.OK, answer);
            string[] wanted = ["mlops.run.duration", "mlops.ingest.rows", "mlops.upload.lag", "mlops.scoring.duration", "mlops.predictions"];
            await Eventually.GetAsync("the metrics have arrived", () =>
                Task.FromResult((wanted.All(collector.Metrics.Contains) ? "yes" : null, string.Join(", ", collector.Metrics))));
            log = app.Log;
        }

        string all = log + string.Concat(collector.Bodies.Select(body => Encoding.UTF8.GetString(body)));
        all.ShouldNotContain("ZEPPELIN-PRIVATE-VALUE");
        all.ShouldNotContain("SOUTHWEST AIRLINES");
        string accountKey = azurite.ConnectionString.Split(';').Single(part => part.StartsWith("AccountKey=", StringComparison.Ordinal))["AccountKey=".Length..];
        all.ShouldNotContain(accountKey);
    }

    private Task<AppProcess> StartAsync(OtlpCollector collector) => AppProcess.StartAsync(
        azurite.ConnectionString,
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        // The trigger is to start the ingestion, not the sweep for uploads that a trigger missed.
        ("RECONCILE_SCHEDULE", "0 0 0 29 2 *"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"));
}
