using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.DurableTask.Engine;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask;

/// <summary>
/// <c>extensions.durableTask</c> of host.json; each value can be overridden by the setting
/// <c>AzureFunctionsJobHost__extensions__durableTask__(name)</c>, as in Azure.
/// </summary>
internal sealed partial record DurableTaskHostOptions
{
    public string HubName { get; init; } = "TestHubName";

    public string ConnectionName { get; init; } = "AzureWebJobsStorage";

    public required StorageConnection Storage { get; init; }

    public string DefaultVersion { get; init; } = string.Empty;

    public VersionMatchStrategy VersionMatchStrategy { get; init; } = VersionMatchStrategy.CurrentOrOlder;

    public VersionFailureStrategy VersionFailureStrategy { get; init; } = VersionFailureStrategy.Reject;

    public int MaxConcurrentActivityFunctions { get; init; } = 10 * Environment.ProcessorCount;

    public int MaxConcurrentOrchestratorFunctions { get; init; } = 10 * Environment.ProcessorCount;

    public TimeSpan MaxQueuePollingInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Null: no limit.</summary>
    public TimeSpan? FunctionTimeout { get; init; }

    /// <exception cref="InvalidOperationException">A value cannot be read, or no storage account is named.</exception>
    public static DurableTaskHostOptions Read(IConfiguration hostJson, IConfiguration settings)
    {
        string? Value(string key) => Resolve(settings[$"AzureFunctionsJobHost:extensions:durableTask:{key}"] ?? hostJson[$"extensions:durableTask:{key}"], settings);

        var connectionName = Value("storageProvider:connectionName") ?? Value("storageProvider:connectionStringName") ?? "AzureWebJobsStorage";
        var defaults = new DurableTaskHostOptions { Storage = StorageConnection.Read(settings, connectionName) };
        return new DurableTaskHostOptions
        {
            HubName = Value("hubName") ?? defaults.HubName,
            ConnectionName = connectionName,
            Storage = defaults.Storage,
            DefaultVersion = Value("defaultVersion") ?? string.Empty,
            VersionMatchStrategy = ReadEnum(Value, "versionMatchStrategy", defaults.VersionMatchStrategy),
            VersionFailureStrategy = ReadEnum(Value, "versionFailureStrategy", defaults.VersionFailureStrategy),
            MaxConcurrentActivityFunctions = ReadPositive(Value, "maxConcurrentActivityFunctions", defaults.MaxConcurrentActivityFunctions),
            MaxConcurrentOrchestratorFunctions = ReadPositive(Value, "maxConcurrentOrchestratorFunctions", defaults.MaxConcurrentOrchestratorFunctions),
            MaxQueuePollingInterval = ReadTime(Value, "storageProvider:maxQueuePollingInterval", defaults.MaxQueuePollingInterval),
            FunctionTimeout = TimeSpan.TryParse(hostJson["functionTimeout"], CultureInfo.InvariantCulture, out var timeout) && timeout > TimeSpan.Zero ? timeout : null,
        };
    }

    private static string? Resolve(string? value, IConfiguration settings) => value is null ? null : SettingName().Replace(
        value,
        match => settings[match.Groups[1].Value]
            ?? throw new InvalidOperationException($"host.json refers to the setting '{match.Groups[1].Value}' in '{value}', which is absent."));

    private static T ReadEnum<T>(Func<string, string?> value, string key, T fallback)
        where T : struct, Enum => value(key) is not { } text ? fallback
        : Enum.TryParse<T>(text, ignoreCase: true, out var read) ? read
        : throw Invalid(key, text, string.Join(", ", Enum.GetNames<T>()));

    private static int ReadPositive(Func<string, string?> value, string key, int fallback) => value(key) is not { } text ? fallback
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var read) && read > 0 ? read
        : throw Invalid(key, text, "a whole number above 0");

    private static TimeSpan ReadTime(Func<string, string?> value, string key, TimeSpan fallback) => value(key) is not { } text ? fallback
        : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var read) && read > TimeSpan.Zero ? read
        : throw Invalid(key, text, "a time such as 00:00:10");

    private static InvalidOperationException Invalid(string key, string found, string expected) => new(
        $"host.json: extensions.durableTask.{key.Replace(':', '.')} is '{found}'; expected {expected}.");

    [GeneratedRegex("%([^%]+)%")]
    private static partial Regex SettingName();
}
