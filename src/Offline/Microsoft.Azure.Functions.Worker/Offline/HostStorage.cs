using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>The storage account of the runtime itself (<c>AzureWebJobsStorage</c>), and those that triggers name.</summary>
internal sealed class HostStorage(IConfiguration configuration)
{
    public const string DefaultSetting = "AzureWebJobsStorage";

    /// <summary>Stands for the app in the names of receipts and timers.</summary>
    public string HostId { get; } = (configuration["AzureFunctionsWebHost:hostid"] ?? "local").ToLowerInvariant();

    public BlobServiceClient Blobs(string? setting) => new(ConnectionString(setting));

    public QueueServiceClient Queues(string? setting) => new(ConnectionString(setting), new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });

    /// <summary>The container in which the runtime keeps receipts and schedules.</summary>
    public async Task<BlobContainerClient> HostsContainerAsync(CancellationToken cancellation)
    {
        BlobContainerClient container = Blobs(DefaultSetting).GetBlobContainerClient("azure-webjobs-hosts");
        await container.CreateIfNotExistsAsync(cancellationToken: cancellation);
        return container;
    }

    private string ConnectionString(string? setting)
    {
        string name = setting ?? DefaultSetting;
        return configuration[name] ?? configuration[$"AzureWebJobs{name}"] ?? configuration.GetConnectionString(name)
            ?? throw new InvalidOperationException(
                $"Setting '{name}' names no storage account; set it to a connection string ('UseDevelopmentStorage=true' for Azurite) in local.settings.json or the environment.");
    }
}
