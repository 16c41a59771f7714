using System.Net;
using System.Net.Sockets;
using ServerlessMlops.EndToEnd.Harness;

namespace ServerlessMlops.EndToEnd;

/// <summary>What stands in the way of running locally is said in a sentence, with exit code 3; what was started is ended again.</summary>
public sealed class LocalRunTests : IDisposable
{
    private const int EnvironmentProblem = 3;

    private readonly string _state = Directory.CreateTempSubdirectory("mlops-up-").FullName;

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Up_AppPortIsTaken_SaysWhichAndStartsNothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;

        (int code, _, string error) = await CliProcess.RunAsync("up", "--state", _state, "--port", $"{port}", "--storage-port", "0", "--no-build");

        code.ShouldBe(EnvironmentProblem);
        error.ShouldContain($"Port {port} on 127.0.0.1, wanted for the function app, is taken by another program.");
        File.Exists(Path.Combine(_state, "logs", "azurite.log")).ShouldBeFalse();
    }

    [Fact]
    public async Task Up_StoragePortIsTaken_SaysWhich()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Task hangUp = listener.AcceptTcpClientAsync().ContinueWith(client => client.Result.Dispose(), TaskScheduler.Default);

        (int code, _, string error) = await CliProcess.RunAsync("up", "--state", _state, "--port", "0", "--storage-port", $"{Math.Min(port, 65533)}", "--no-build");

        code.ShouldBe(EnvironmentProblem);
        error.ShouldContain($"Port {port} on 127.0.0.1, wanted for the emulator's");
        await hangUp;
    }

    [Fact]
    public async Task Up_NodeIsMissing_SaysWhereToGetIt()
    {
        // Every program of the PATH but Node: only dotnet is needed to get that far.
        string tools = Directory.CreateDirectory(Path.Combine(_state, "bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(tools, "dotnet"), Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : FindDotnet());

        await using RealProcess up = CliProcess.Start(["up", "--state", _state, "--port", "0", "--storage-port", "0", "--no-build"], path: tools);

        (await up.WaitAsync(CliProcess.Limit)).ShouldBe(EnvironmentProblem);
        up.Error.ShouldContain("Node.js is missing: there is no 'node' on the PATH.");
        up.Error.ShouldContain("https://nodejs.org");
    }

    [Fact]
    public async Task Up_NamedStorageDoesNotAnswer_SaysSo()
    {
        const string Nowhere = "DefaultEndpointsProtocol=http;AccountName=nowhere;AccountKey=bm93aGVyZQ==;BlobEndpoint=http://127.0.0.1:1/nowhere;";

        (int code, _, string error) = await CliProcess.RunAsync("up", "--state", _state, "--port", "0", "--no-build", "--connection", Nowhere);

        code.ShouldBe(EnvironmentProblem);
        error.ShouldContain("The storage at nowhere (http://127.0.0.1:1) does not answer");
        error.ShouldNotContain("bm93aGVyZQ==");
    }

    private static string FindDotnet() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"))
        .First(File.Exists);
}
