using System.Runtime.CompilerServices;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Ingestion;

[Collection(TestAppCollection.Name)]
public sealed class UploadReconcilerTests(TestApp app)
{
    [Fact]
    public async Task Reconcile_AnUploadWhoseIngestionBrokeBeforeItsRunStoodOnRecord_IsTakenUpOnceMore()
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, "target: heavy\n");
        var uploads = new OneUpload(new Upload($"{pipeline}/rows.csv", "0x1"));
        UploadReconciler reconciler = ActivatorUtilities.CreateInstance<UploadReconciler>(app.Services, uploads);

        // Any orchestration that ends without a run does.
        await app.Durable.ScheduleNewOrchestrationInstanceAsync(
            nameof(MonitorOrchestrator), new MonitorInput(DateTimeOffset.UnixEpoch), new StartOrchestrationOptions(uploads.Upload.RunId));
        await app.Durable.WaitForInstanceCompletionAsync(uploads.Upload.RunId, new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);

        (await reconciler.ReconcileAsync("", app.Durable, default)).ShouldBe(1);
        Run run = await app.RunAsync(pipeline, "the upload is looked at", r => r.Id == uploads.Upload.RunId && r.IsEnded);
        (run.Attempt, run.Stage).ShouldBe((2, "superseded"), "the file was never there");
        (await reconciler.ReconcileAsync("", app.Durable, default)).ShouldBe(0);
    }

    private sealed class OneUpload(Upload upload) : IUploadStore
    {
        public Upload Upload { get; } = upload;

        public Task<Stream?> OpenAsync(Upload upload, CancellationToken cancellation) => Task.FromResult<Stream?>(null);

        public async IAsyncEnumerable<ListedUpload> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.CompletedTask;
            yield return new ListedUpload(Upload, 1, DateTimeOffset.UnixEpoch);
        }
    }
}
