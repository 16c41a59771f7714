using System.Collections.Concurrent;
using System.Diagnostics;

namespace ServerlessMlops.Functions.Tests.Hosting.Costs;

/// <summary>
/// Counts the requests that this process sends to one storage emulator, by service: each is a transaction on the bill. Those of the local orchestration
/// engine and host are counted apart, since on Azure others do their work.
/// </summary>
internal sealed class StorageTransactions : IDisposable
{
    private const string Worker = "Microsoft.Azure.Functions.Worker";
    private const string Function = "function ";

    private readonly AsyncLocal<bool> _measured = new();
    private readonly Dictionary<int, string> _services;
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly ConcurrentDictionary<string, int> _functions = new();
    private readonly ConcurrentDictionary<string, int> _executions = new();
    private readonly ActivityListener _listener;
    private int _open;

    /// <param name="connection">Connection string with explicit endpoints.</param>
    /// <param name="everywhere">Whether all requests of the process count, not those of <see cref="DuringAsync"/> only.</param>
    public StorageTransactions(string connection, bool everywhere = false)
    {
        _services = connection.Split(';').Where(part => part.Contains("Endpoint=http", StringComparison.Ordinal))
            .ToDictionary(part => new Uri(part.Split('=', 2)[1]).Port, part => part.Split("Endpoint=", 2)[0]);
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "System.Net.Http" or Worker,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStarted = activity => Interlocked.Add(ref _open, activity.Source.Name == Worker ? 1 : 0),
            ActivityStopped = activity =>
            {
                if (activity.Source.Name == Worker)
                {
                    Interlocked.Decrement(ref _open);
                    _executions.AddOrUpdate(activity.OperationName[Function.Length..], 1, static (_, count) => count + 1);
                }
                else if ((everywhere || _measured.Value) && activity.GetTagItem("server.port") is int port && _services.TryGetValue(port, out string? service))
                {
                    string function = FunctionOf(activity);
                    string name = NameOf(service, activity, function);
                    _counts.AddOrUpdate(name, 1, static (_, count) => count + 1);
                    if (!name.StartsWith("engine", StringComparison.Ordinal))
                    {
                        _functions.AddOrUpdate(function, 1, static (_, count) => count + 1);
                    }
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>How often each function was called.</summary>
    public IReadOnlyDictionary<string, int> Executions => _executions;

    /// <summary>Requests of the product's functions, by function; the empty name stands for what runs beside them.</summary>
    public IReadOnlyDictionary<string, int> ByFunction => _functions;

    /// <summary>Changes with every request that ends, of the engine too; null while a function runs.</summary>
    public int? Mark => Volatile.Read(ref _open) == 0 ? _counts.Values.Sum() : null;

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

    public void Clear()
    {
        _counts.Clear();
        _functions.Clear();
        _executions.Clear();
    }

    public override string ToString() => $"{Total}: {string.Join(", ", Ours.Select(pair => $"{pair.Key} {pair.Value}"))}";

    public void Dispose() => _listener.Dispose();

    // The function that a request was made in: the nearest span of the worker around it.
    private static string FunctionOf(Activity activity)
    {
        for (Activity? around = activity.Parent; around is not null; around = around.Parent)
        {
            if (around.Source.Name == Worker)
            {
                return around.OperationName[Function.Length..];
            }
        }

        return "";
    }

    // /devstoreaccount1/{container or table}...
    private static string NameOf(string service, Activity activity, string function)
    {
        string url = activity.GetTagItem("url.full") as string ?? "";
        string method = activity.GetTagItem("http.request.method") as string ?? "?";
        string[] path = new Uri(url).AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        string place = path.Length > 1 ? path[1] : "";
        bool engine = place.StartsWith("MlopsHub", StringComparison.OrdinalIgnoreCase) || place.StartsWith("azure-webjobs", StringComparison.Ordinal);

        // The local host, outside of any function, finds blobs by listing containers; on Azure it is told of them by events.
        bool listing = service == "Blob" && method == "GET" && path.Length == 2;
        return $"{(engine || (listing && function.Length == 0) ? "engine " : "")}{service} {(listing ? "list" : method)}";
    }
}
