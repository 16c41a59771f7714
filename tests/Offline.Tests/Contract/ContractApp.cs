using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using ServerlessMlops.EndToEnd.Harness;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Offline.Tests.Contract;

/// <summary>
/// <c>tests/Offline.App</c> as a process of its own: by <c>dotnet exec</c> on the doubles, by Core Tools (<c>func start</c>) on the published packages. What
/// it did is read from its storage account and over HTTP, so the same tests hold for both.
/// </summary>
internal sealed partial class ContractApp : IAsyncDisposable
{
    private readonly RealProcess _process;

    private ContractApp(RealProcess process, Uri address, Names names, string connection)
    {
        _process = process;
        App = names;
        Connection = connection;
        Address = address;
        Http = new HttpClient { BaseAddress = new Uri(address, "app/"), Timeout = TimeSpan.FromSeconds(30) };
    }

    public static bool IsOffline { get; } =
        typeof(ContractApp).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "AzurePackages").Value == "offline";

    public Uri Address { get; }

    public HttpClient Http { get; }

    public Names App { get; }

    public string Connection { get; }

    public string Log => _process.All;

    public int Id => _process.Id;

    /// <summary>Where containers, tables and the hub of one app are; a second process with the same names is the same app.</summary>
    /// <param name="Unique">Lower-case letters and digits.</param>
    public sealed record Names(string Unique)
    {
        public string In => $"{Unique}in";

        public string Out => $"{Unique}out";

        public string Calls => $"{Unique}calls";

        public string Hub => $"{Unique}hub";

        public string HostId => $"{Unique}host";
    }

    /// <summary>The process, started and not waited for.</summary>
    public static RealProcess Launch(string connection, Names names, int port = 0, params (string Name, string? Value)[] settings)
    {
        var variables = new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = connection,
            ["Other"] = connection,
            ["AzureFunctionsWebHost__hostid"] = names.HostId,
            ["IN"] = names.In,
            ["OUT"] = names.Out,
            ["CALLS"] = names.Calls,
            ["HUB"] = names.Hub,
            ["YEARLY"] = "0 0 0 1 1 *",
        };
        foreach ((string name, string? value) in settings)
        {
            variables[name] = value;
        }

        // No timer of the app gets in the way of a test that is about something else.
        foreach (string timer in new[] { "TimerAtStart", "TimerOften", "TimerLong", "TimerRetried" }.Where(t => !variables.ContainsKey($"AzureWebJobs.{t}.Disabled")))
        {
            variables[$"AzureWebJobs.{timer}.Disabled"] = "true";
        }

        string folder = Path.Combine(
            RepositoryRoot.Find(), "tests", "Offline.App", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0");
        if (IsOffline)
        {
            return RealProcess.Start(Path.Combine(folder, "Offline.App.dll"), ["--port", $"{port}"], variables);
        }

        variables["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        return RealProcess.Start("func", folder, ["start", "--no-build", "--port", $"{port}"], variables);
    }

    /// <summary>Core Tools want a port; the local runtime takes any and says which.</summary>
    private static int AnyPort()
    {
        if (IsOffline)
        {
            return 0;
        }

        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    /// <summary>Where the app listens, once it does: its own line, or Core Tools' list of functions.</summary>
    private static Uri? AddressIn(string output, int port)
    {
        if (!IsOffline)
        {
            return output.Contains("Functions:", StringComparison.Ordinal) ? new Uri($"http://127.0.0.1:{port}") : null;
        }

        Match line = ListeningLine().Match(output);
        return line.Success ? new Uri(line.Groups[1].Value) : null;
    }

    public static async Task<ContractApp> StartAsync(string connection, Names names, params (string Name, string? Value)[] settings)
    {
        int port = AnyPort();
        RealProcess process = Launch(connection, names, port, settings);
        try
        {
            Uri address = await Eventually.GetAsync("the app says where it listens", () =>
            {
                process.HasExited.ShouldBeFalse(process.All);
                return Task.FromResult((AddressIn(process.Output, port), process.All));
            });
            return new ContractApp(process, address, names, connection);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public Task KillAsync() => _process.KillAsync();

    public Task<int> TerminateAsync() => _process.TerminateAsync(TimeSpan.FromSeconds(60));

    public async Task<HttpStatusCode> StatusAsync(string path, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.Add("x-functions-key", key);
        }

        using HttpResponseMessage response = await Http.SendAsync(request);
        return response.StatusCode;
    }

    public async Task DropAsync(string path, string content, IDictionary<string, string>? metadata = null)
    {
        BlobContainerClient container = Container(App.In);
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient(path).UploadAsync(BinaryData.FromString(content), new Azure.Storage.Blobs.Models.BlobUploadOptions { Metadata = metadata });
    }

    public BlobContainerClient Container(string name) => new(Connection, name);

    /// <summary>What a function has been called with so far, oldest first.</summary>
    public async Task<List<string>> CallsAsync(string function)
    {
        var calls = new List<string>();
        try
        {
            await foreach (TableEntity call in new TableClient(Connection, App.Calls).QueryAsync<TableEntity>(c => c.PartitionKey == function))
            {
                calls.Add(call.GetString("Detail"));
            }
        }
        catch (Azure.RequestFailedException e) when (e.Status == 404)
        {
            // No function has been called yet.
        }

        return calls;
    }

    /// <summary>The calls of a function, once there are that many.</summary>
    public Task<List<string>> CallsAsync(string function, int count) => Eventually.GetAsync($"{function} is called {count} times", async () =>
    {
        _process.HasExited.ShouldBeFalse(Log);
        List<string> calls = await CallsAsync(function);
        return (calls.Count >= count ? calls : null, $"{string.Join("\n", calls)}\n{Log}");
    });

    /// <summary>The messages on the queue of blobs that no try got through.</summary>
    public async Task<List<JsonElement>> PoisonAsync(string blob)
    {
        var queue = new QueueClient(Connection, "webjobs-blobtrigger-poison", new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        if (!await queue.ExistsAsync())
        {
            return [];
        }

        return [.. (await queue.PeekMessagesAsync(32)).Value
            .Select(m => JsonSerializer.Deserialize<JsonElement>(m.Body))
            .Where(m => m.GetProperty("ContainerName").GetString() == App.In && m.GetProperty("BlobName").GetString() == blob)];
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _process.DisposeAsync();
    }

    [GeneratedRegex(@"Now listening on: (http://127\.0\.0\.1:\d+)")]
    private static partial Regex ListeningLine();
}
