using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Lineage;

namespace ServerlessMlops.Storage.Lineage;

/// <summary>The <c>lineage</c> container: <c>{pipeline}/{runId}/{attempt}-{EVENT}.json</c>.</summary>
public sealed class LineageContainer(BlobServiceClient service) : ILineageStore
{
    /// <summary>Name of the container.</summary>
    public const string Name = "lineage";

    private readonly LazyContainer _container = new(service, Name);

    /// <inheritdoc/>
    public string Account => service.AccountName;

    /// <inheritdoc/>
    public async Task SaveAsync(string pipeline, string runId, int attempt, JsonObject lineageEvent, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string path = string.Create(CultureInfo.InvariantCulture, $"{pipeline}/{runId}/{attempt:D4}-{OpenLineage.TypeOf(lineageEvent)}.json");
        await BlobWrites.CreateAsync(container.GetBlobClient(path), BinaryData.FromString(lineageEvent.ToJsonString(MlopsJson.Indented)), "application/json", cancellation);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JsonObject>> ListAsync(string pipeline, string runId, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        var events = new List<(string Path, JsonObject Event)>();
        await foreach (BlobItem blob in container.ListAsync($"{pipeline}/{runId}/", cancellation))
        {
            BlobDownloadResult found = await container.GetBlobClient(blob.Name).DownloadContentAsync(cancellation);
            events.Add((blob.Name, JsonSerializer.Deserialize<JsonObject>(found.Content.ToMemory().Span, MlopsJson.Options)
                ?? throw new InvalidDataException($"Blob '{Name}/{blob.Name}' holds no event.")));
        }

        // By attempt, START first.
        return [.. events.OrderBy(e => Path.GetFileName(e.Path).Split('-')[0], StringComparer.Ordinal).ThenBy(e => OpenLineage.TypeOf(e.Event) != "START").Select(e => e.Event)];
    }
}
