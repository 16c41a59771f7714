using System.Collections.Concurrent;
using System.Diagnostics;

namespace ServerlessMlops.Functions.Tests.Hosting.Costs;

/// <summary>
/// Counts the requests that this process sends to one storage emulator, by service: each is a transaction on the bill. Those of the local orchestration
/// engine and host are counted apart, since on Azure others do their work.
/// </summary>
internal sealed class StorageTransactions : IDisposable
{
    private readonly AsyncLocal<bool> _measured = new();
    private readonly Dictionary<int, string> _services;
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly ActivityListener _listener;

    /// <param name="connection">Connection string with explicit endpoints.</param>
    /// <param name="everywhere">Whether all requests of the process count, not those of <see cref="DuringAsync"/> only.</param>
    public StorageTransactions(string connection, bool everywhere = false)
    {
        _services = connection.Split(';').Where(part => part.Contains("Endpoint=http", StringComparison.Ordinal))
            .ToDictionary(part => new Uri(part.Split('=', 2)[1]).Port, part => part.Split("Endpoint=", 2)[0]);
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if ((everywhere || _measured.Value) && activity.GetTagItem("server.port") is int port && _services.TryGetValue(port, out string? service))
                {
                    _counts.AddOrUpdate(NameOf(service, activity), 1, static (_, count) => count + 1);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Requests of the product, by service and method.</summary>
    public IReadOnlyDictionary<string, int> Ours => _counts.Where(pair => !pair.Key.StartsWith("engine", StringComparison.Ordinal)).OrderBy(pair => pair.Key).ToDictionary();

    /// <summary>How many those are.</summary>
    public int Total => Ours.Values.Sum();

    /// <summary>Runs a piece of the product; what it asks of storage counts.</summary>
    public async Task DuringAsync(Func<Task> work)
    {
        _measured.Value = true;
        await work();
        _measured.Value = false;
    }

    public void Clear() => _counts.Clear();

    public override string ToString() => $"{Total}: {string.Join(", ", Ours.Select(pair => $"{pair.Key} {pair.Value}"))}";

    public void Dispose() => _listener.Dispose();

    // /devstoreaccount1/{container or table}...
    private static string NameOf(string service, Activity activity)
    {
        string url = activity.GetTagItem("url.full") as string ?? "";
        string method = activity.GetTagItem("http.request.method") as string ?? "?";
        string[] path = new Uri(url).AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        string place = path.Length > 1 ? path[1] : "";
        bool engine = place.StartsWith("MlopsHub", StringComparison.OrdinalIgnoreCase) || place.StartsWith("azure-webjobs", StringComparison.Ordinal);

        // The local host finds blobs by listing containers; on Azure they are told by events.
        bool listing = service == "Blob" && method == "GET" && path.Length == 2;
        return $"{(engine ? "engine " : "")}{service} {(listing ? "list" : method)}";
    }
}
