using System.Diagnostics;
using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;

namespace ServerlessMlops.EndToEnd;

/// <summary>One local instance per state folder, and what becomes of its processes.</summary>
public sealed class LocalInstanceTests : IDisposable
{
    private const int EnvironmentProblem = 3;

    private readonly string _state = Directory.CreateTempSubdirectory("mlops-up-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Up_SecondInstance_IsToldOfTheFirstAndTheFirstGoesOn()
    {
        await using RealProcess first = CliProcess.StartLocal(_state, "up");
        JsonElement running = await CliProcess.RunningAsync(_state, first);

        await using RealProcess second = CliProcess.StartLocal(_state, "up");

        (await second.WaitAsync(CliProcess.Limit)).ShouldBe(EnvironmentProblem);
        second.Error.ShouldContain($"process {first.Id}, app at {running.GetProperty("url").GetString()}");
        int[] children = [running.GetProperty("app").GetProperty("id").GetInt32(), running.GetProperty("azurite").GetProperty("id").GetInt32()];
        children.ShouldAllBe(id => IsRunning(id));

        (await first.TerminateAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, first.All);
        children.ShouldAllBe(id => !IsRunning(id));
    }

    [Fact]
    public async Task Up_AfterAKill_EndsWhatWasLeftAndStarts()
    {
        await using RealProcess killed = CliProcess.StartLocal(_state, "up");
        JsonElement before = await CliProcess.RunningAsync(_state, killed);
        await killed.KillAsync();
        int app = before.GetProperty("app").GetProperty("id").GetInt32();

        await using RealProcess next = CliProcess.StartLocal(_state, "up");
        await Eventually.GetAsync("the next one is up", () =>
            Task.FromResult((next.Output.Contains("The app listens at", StringComparison.Ordinal) ? "yes" : null, next.All)));

        IsRunning(app).ShouldBeFalse();
        (await next.TerminateAsync(TimeSpan.FromSeconds(60))).ShouldBe(0, next.All);
    }

    private static bool IsRunning(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
