using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Tests.Hosting.Security;
using Xunit.Abstractions;

namespace ServerlessMlops.Functions.Tests.Hosting.Costs;

/// <summary>What a run asks of storage, held to a budget: the arithmetic of decision 0052 rests on these counts.</summary>
[Collection(KeyedAppCollection.Name)]
public sealed class StorageTransactionTests(KeyedApp app, ITestOutputHelper output)
{
    /// <summary>Transactions from an upload of 600 rows to the version that serves: ingestion, two candidates, judgement, registration, roll-out.</summary>
    private const int RunBudget = 240;

    [Fact]
    public async Task UploadToServingVersion_StaysWithinItsBudget()
    {
        await QuietAsync();
        using var counter = new StorageTransactions(app.ConnectionString, everywhere: true);
        string pipeline = app.NewPipeline("priced");
        await app.PutSpecAsync(pipeline, TestApp.Spec);
        counter.Clear();
        await app.UploadAsync($"{pipeline}/rows.csv", TestApp.Rows(600, 1));
        await app.RunAsync(pipeline, "the roll-out has ended", run => run is { Kind: RunKind.Rollout, IsEnded: true });

        // Waiting asks for the runs, which is ours too: one query each time. It is in the budget.
        output.WriteLine(counter.ToString());
        int listing = counter.Ours.Where(pair => pair.Key == "Blob list").Sum(pair => pair.Value);
        (counter.Total - listing).ShouldBeInRange(20, RunBudget);
    }

    // Leave nothing running: what it does would be counted, or be the reason of a look.
    private async Task QuietAsync() => await TestApp.EventuallyAsync(
        async () =>
        {
            var store = app.Services.GetRequiredService<IRunLog>();
            await foreach (string pipeline in app.Services.GetRequiredService<Core.Pipelines.IPipelineStore>().ListAsync(default))
            {
                await foreach (Run run in store.ListOpenAsync(pipeline, default))
                {
                    return false;
                }
            }

            return true;
        },
        () => "no run is open");
}
