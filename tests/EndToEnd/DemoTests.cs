using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;

namespace ServerlessMlops.EndToEnd;

/// <summary>The demo as the README has it: real processes, the real sample.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("mlops-demo-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Demo_TwiceOnTheSameFolder_DuplicatesNothing()
    {
        JsonElement first = await DemoAsync();
        JsonElement second = await DemoAsync();

        first.GetProperty("repeated").GetBoolean().ShouldBeFalse();
        first.GetProperty("version").GetInt32().ShouldBe(1);
        first.GetProperty("metrics").GetProperty("auc").GetDouble().ShouldBeGreaterThan(0.7);
        first.GetProperty("predictions").GetArrayLength().ShouldBe(8);

        second.GetProperty("repeated").GetBoolean().ShouldBeTrue();
        foreach (string fact in (string[])["upload", "ingestionRun", "batchId", "trainingRun", "datasetId", "version", "modelId", "candidate", "versions", "metrics"])
        {
            second.GetProperty(fact).ToString().ShouldBe(first.GetProperty(fact).ToString(), fact);
        }

        Probabilities(second).ShouldBe(Probabilities(first));
    }

    [Fact]
    public async Task Demo_WithoutExit_KeepsRunningAndTakesTheNextYear()
    {
        await using RealProcess demo = CliProcess.StartLocal(_state, "demo");
        await Eventually.GetAsync("the demo is through", () =>
        {
            demo.HasExited.ShouldBeFalse(demo.All);
            return Task.FromResult((demo.Output.Contains("Everything keeps running", StringComparison.Ordinal) ? "yes" : null, demo.All));
        });

        // Other verbs find the app and the storage by the state folder.
        (int pushed, string output, string error) = await CliProcess.RunAsync(
            "push", Programs.Sample("uploads", "1998.csv"), "-p", "birdstrikes", "--state", _state);
        pushed.ShouldBe(0, error);
        output.ShouldContain("uploads/birdstrikes/1998.csv (");
        await Eventually.GetAsync("the second training has ended", async () =>
        {
            (int code, string json, string problem) = await CliProcess.RunAsync("runs", "-p", "birdstrikes", "--state", _state, "--json");
            code.ShouldBe(0, problem);
            int trainings = JsonDocument.Parse(json).RootElement.GetProperty("items").EnumerateArray()
                .Count(run => run.GetProperty("kind").GetString() == "training" && run.GetProperty("status").GetString() is not ("running" or "waiting"));
            return (trainings >= 2 ? "yes" : null, json);
        });

        (await demo.TerminateAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, demo.All);
        demo.Error.ShouldBeEmpty();
        File.Exists(Path.Combine(_state, "running.json")).ShouldBeFalse();
    }

    private static double[] Probabilities(JsonElement facts) =>
        [.. facts.GetProperty("predictions").EnumerateArray().Select(row => row.GetProperty("prediction").GetProperty("probability").GetDouble())];

    private async Task<JsonElement> DemoAsync()
    {
        await using RealProcess demo = CliProcess.StartLocal(_state, "demo", "--exit", "--json");
        int exitCode = await demo.WaitAsync(CliProcess.Limit);
        exitCode.ShouldBe(0, demo.All);
        demo.Error.ShouldBeEmpty();
        return JsonDocument.Parse(demo.Output).RootElement;
    }
}
