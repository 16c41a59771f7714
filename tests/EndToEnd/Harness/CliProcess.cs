using System.Text.Json;

namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>The command line as a person runs it, with a state folder and ports of its own.</summary>
internal static class CliProcess
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Starts a verb that runs the app locally.</summary>
    public static RealProcess StartLocal(string state, string verb, params string[] arguments) =>
        Start([verb, "--state", state, "--port", "0", "--storage-port", "0", "--no-build", "-c", Programs.Configuration, .. arguments]);

    public static RealProcess Start(IReadOnlyList<string> arguments, string? path = null)
    {
        var variables = new Dictionary<string, string?> { ["AzureWebJobsStorage"] = null, ["MLOPS_URL"] = null, ["CI"] = "true" };
        if (path is not null)
        {
            variables["PATH"] = path;
        }

        return RealProcess.Start(Programs.Cli, arguments, variables);
    }

    /// <summary>Runs a verb to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        await using RealProcess process = Start(arguments);
        return (await process.WaitAsync(Limit), process.Output, process.Error);
    }

    /// <summary>What <c>running.json</c> says, once the app answers.</summary>
    public static async Task<JsonElement> RunningAsync(string state, RealProcess process)
    {
        JsonDocument document = await Eventually.GetAsync("the app is up", () =>
        {
            process.HasExited.ShouldBeFalse(process.All);
            string file = Path.Combine(state, "running.json");
            JsonDocument? found = File.Exists(file) ? JsonDocument.Parse(File.ReadAllBytes(file)) : null;
            return Task.FromResult((found?.RootElement.TryGetProperty("url", out _) == true ? found : null, process.All));
        });
        return document.RootElement;
    }
}
