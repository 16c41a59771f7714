using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>The app's host.json; a setting <c>AzureFunctionsJobHost__(path)</c> overrides a value of it, as on Azure.</summary>
internal sealed class HostJson
{
    /// <summary>What this runtime, or the double of the Durable extension, does something about.</summary>
    private static readonly string[] Honoured =
    [
        "version", "functionTimeout", "telemetryMode", "logging:logLevel", "extensions:http:routePrefix", "extensions:http:maxConcurrentRequests",
        "extensions:http:maxOutstandingRequests", "extensions:blobs:maxDegreeOfParallelism", "extensions:blobs:poisonBlobThreshold",
        "extensions:durableTask:hubName", "extensions:durableTask:defaultVersion", "extensions:durableTask:versionMatchStrategy",
        "extensions:durableTask:versionFailureStrategy", "extensions:durableTask:maxConcurrentActivityFunctions",
        "extensions:durableTask:maxConcurrentOrchestratorFunctions", "extensions:durableTask:storageProvider:connectionName",
        "extensions:durableTask:storageProvider:connectionStringName", "extensions:durableTask:storageProvider:maxQueuePollingInterval",
    ];

    /// <summary>What makes no difference in one local process.</summary>
    private static readonly string[] Harmless =
    [
        "extensions:durableTask:storageProvider:partitionCount", "extensions:durableTask:storageProvider:type", "logging:applicationInsights", "logging:fileLoggingMode",
        "extensions:durableTask:tracing", "extensionBundle", "managedDependency", "watchDirectories", "watchFiles", "$schema",
    ];

    private readonly IConfiguration _file;
    private readonly IConfiguration _settings;

    public HostJson(IConfiguration file, IConfiguration settings)
    {
        (_file, _settings) = (file, settings);
        FunctionTimeout = ReadTimeout();
        MaxConcurrentRequests = ReadLimit("extensions:http:maxConcurrentRequests");
        MaxOutstandingRequests = ReadLimit("extensions:http:maxOutstandingRequests");
        MaxBlobs = ReadLimit("extensions:blobs:maxDegreeOfParallelism") ?? 8 * Environment.ProcessorCount;
        PoisonBlobThreshold = ReadLimit("extensions:blobs:poisonBlobThreshold") ?? 5;
        RoutePrefix = (this["extensions:http:routePrefix"] ?? "api").Trim('/');
    }

    /// <summary><c>functionTimeout</c>: how long a function may take; null where it is absent or -1: no limit.</summary>
    public TimeSpan? FunctionTimeout { get; }

    /// <summary>HTTP requests that run at a time; null: any number.</summary>
    public int? MaxConcurrentRequests { get; }

    /// <summary>HTTP requests that run or wait; a further one is answered 429. Null: any number.</summary>
    public int? MaxOutstandingRequests { get; }

    /// <summary>Invocations by blob triggers that run at a time, over all functions.</summary>
    public int MaxBlobs { get; }

    /// <summary>How often a function is called on a blob before it goes to the poison queue.</summary>
    public int PoisonBlobThreshold { get; }

    /// <summary>What every HTTP route begins with, without slashes at its ends.</summary>
    public string RoutePrefix { get; }

    /// <summary>A value by its path, colons between.</summary>
    public string? this[string path] => _settings[$"AzureFunctionsJobHost:{path}"] ?? _file[path];

    /// <summary>The values of the file that change what the app does on Azure and not here.</summary>
    public IReadOnlyList<string> Unheeded() =>
    [
        .. _file.AsEnumerable()
            .Where(item => item.Value is not null && !Honoured.Concat(Harmless).Any(known => Is(item.Key, known)))
            .Select(item => item.Key.Replace(':', '.')).Order(StringComparer.Ordinal),
    ];

    private static bool Is(string path, string known) =>
        path.Equals(known, StringComparison.OrdinalIgnoreCase) || path.StartsWith(known + ":", StringComparison.OrdinalIgnoreCase);

    private TimeSpan? ReadTimeout()
    {
        string? text = this["functionTimeout"];
        return text is null or "-1" ? null
            : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan limit) && limit != TimeSpan.Zero ? (limit < TimeSpan.Zero ? null : limit)
            : throw new InvalidOperationException($"host.json: functionTimeout is '{text}'; expected a time such as 00:10:00, or -1 for none.");
    }

    private int? ReadLimit(string path)
    {
        string? text = this[path];
        return text is null or "-1" ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit > 0 ? limit
            : throw new InvalidOperationException($"host.json: {path.Replace(':', '.')} is '{text}'; expected a whole number from 1, or -1 for no limit.");
    }
}
