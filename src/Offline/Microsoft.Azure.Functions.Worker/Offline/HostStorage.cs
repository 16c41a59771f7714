using System.Collections.Concurrent;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>The storage account of the runtime itself (<c>AzureWebJobsStorage</c>), and those that bindings name.</summary>
internal sealed class HostStorage(IConfiguration configuration)
{
    private readonly ConcurrentDictionary<string, StorageConnection> _connections = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, BlobServiceClient> _blobs = new(StringComparer.OrdinalIgnoreCase);
    private BlobContainerClient? _hosts;

    public const string DefaultSetting = "AzureWebJobsStorage";

    /// <summary>Stands for the app in the names of receipts and timers.</summary>
    public string HostId { get; } = (configuration["AzureFunctionsWebHost:hostid"] ?? "local").ToLowerInvariant();

    /// <summary>Whether a function needs the account: set when one is registered.</summary>
    public bool Needed { get; set; }

    /// <exception cref="InvalidOperationException">The account is needed and, after the client's own retries, does not answer.</exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        if (!Needed)
        {
            return;
        }

        try
        {
            await HostsContainerAsync(cancellation);
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException)
        {
            throw new InvalidOperationException(
                $"The storage account of setting '{DefaultSetting}' does not answer at {Blobs(DefaultSetting).Uri}. Start Azurite there, or set '{DefaultSetting}' to the account that is meant.", e);
        }
    }

    public BlobServiceClient Blobs(string? setting) => _blobs.GetOrAdd(setting ?? DefaultSetting, name => Connection(name).Blobs());

    public QueueServiceClient Queues(string? setting) => Connection(setting ?? DefaultSetting).Queues();

    /// <summary>The container in which the runtime keeps receipts and schedules.</summary>
    public async Task<BlobContainerClient> HostsContainerAsync(CancellationToken cancellation)
    {
        if (_hosts is { } known)
        {
            return known;
        }

        BlobContainerClient container = Blobs(DefaultSetting).GetBlobContainerClient("azure-webjobs-hosts");
        await container.CreateIfNotExistsAsync(cancellationToken: cancellation);
        return _hosts = container;
    }

    private StorageConnection Connection(string name) => _connections.GetOrAdd(name, n => StorageConnection.Read(configuration, n));
}
