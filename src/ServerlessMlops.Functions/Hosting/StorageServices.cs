using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Lineage;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Lineage;
using ServerlessMlops.Storage.Datasets;
using ServerlessMlops.Storage.Lineage;
using ServerlessMlops.Storage.Models;
using ServerlessMlops.Storage.Pipelines;
using ServerlessMlops.Storage.Registry;
using ServerlessMlops.Storage.Runs;
using ServerlessMlops.Storage.Training;
using ServerlessMlops.Storage.Uploads;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>Wires the one storage account, and what Core declares and Storage implements on it.</summary>
public static class StorageServices
{
    /// <summary>Name of the setting that names the storage account: a connection string, or (with identity) a section of service URIs.</summary>
    public const string Setting = "AzureWebJobsStorage";

    /// <summary>
    /// Adds the blob and table clients of <c>AzureWebJobsStorage</c> and every table and container of the product. Nothing is contacted here.
    /// </summary>
    /// <exception cref="InvalidOperationException">The setting is missing.</exception>
    public static IServiceCollection AddMlopsStorage(this IServiceCollection services, IConfiguration configuration)
    {
        if (configuration[Setting] is { Length: > 0 } connection)
        {
            services.AddSingleton(new BlobServiceClient(connection)).AddSingleton(new TableServiceClient(connection));
        }
        else
        {
            IConfigurationSection section = configuration.GetSection(Setting);
            TokenCredential credential = new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = section["clientId"] });
            services
                .AddSingleton(new BlobServiceClient(ServiceUri(section, "blobServiceUri"), credential))
                .AddSingleton(new TableServiceClient(ServiceUri(section, "tableServiceUri"), credential));
        }

        return services
            .AddSingleton(TimeProvider.System)
            .AddSingleton<RunsTable>()
            .AddSingleton<ILineageStore, LineageContainer>()
            .AddSingleton<IRunLog>(s => new LineageRunLog(s.GetRequiredService<RunsTable>(), s.GetRequiredService<ILineageStore>(), s.GetRequiredService<TimeProvider>()))
            .AddSingleton<IModelRegistry, RegistryTable>()
            .AddSingleton<ILedgerAnchors, LedgerContainer>()
            .AddSingleton<ITrainingRequests, RequestsTable>()
            .AddSingleton<IModelStore, ModelsContainer>()
            .AddSingleton<IEvaluationStore, EvaluationBlobs>()
            .AddSingleton<IPipelineStore, PipelinesContainer>()
            .AddSingleton<IUploadStore, UploadsContainer>()
            .AddSingleton<UploadLinks>()
            .AddSingleton<IDatasetStore, DatasetsContainer>()
            .AddSingleton<IUploadReports, UploadReports>();
    }

    private static Uri ServiceUri(IConfigurationSection section, string name) =>
        Uri.TryCreate(section[name], UriKind.Absolute, out Uri? uri)
            ? uri
            : throw new InvalidOperationException(
                $"Setting '{Setting}' names no storage account. Set it to a connection string ('UseDevelopmentStorage=true' for Azurite), " +
                $"or set '{Setting}__{name}' (found: '{section[name]}') and its siblings to service URIs.");
}
