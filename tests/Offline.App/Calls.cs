using System.Globalization;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;

namespace ServerlessMlops.Offline.App;

/// <summary>What functions have been called with, in a table (setting <c>CALLS</c>) that the tests read and a killed process leaves behind.</summary>
public sealed class Calls(TableServiceClient tables, IConfiguration settings)
{
    private readonly TableClient _table = tables.GetTableClient(settings["CALLS"] ?? "calls");

    /// <summary>Adds a call of a function.</summary>
    public async Task AddAsync(string function, string detail)
    {
        await _table.CreateIfNotExistsAsync();
        string key = string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow().UtcTicks:d19}-{Environment.ProcessId}-{Interlocked.Increment(ref _count):d6}");
        await _table.AddEntityAsync(new TableEntity(function, key) { ["Detail"] = detail, ["Process"] = Environment.ProcessId });
    }

    private int _count;
}

/// <summary>One a scope of services, that is, one an invocation.</summary>
public sealed class Scoped : IDisposable
{
    private static int _made;
    private static int _disposed;

    public int Number { get; } = Interlocked.Increment(ref _made);

    public static int Disposed => Volatile.Read(ref _disposed);

    public void Dispose() => Interlocked.Increment(ref _disposed);
}
