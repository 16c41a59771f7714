using System.Text.Json;
using Azure.Storage.Blobs;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Rollout.Replay;

namespace ServerlessMlops.Storage.Rollout;

/// <summary>The <c>replays</c> container: <c>{pipeline}/{runId}/request.json</c> and <c>report.json</c>.</summary>
public sealed class ReplaysContainer(BlobServiceClient service) : IReplayStore
{
    /// <summary>Name of the container.</summary>
    public const string Name = "replays";

    private readonly LazyContainer _container = new(service, Name);

    /// <inheritdoc/>
    public Task SaveRequestAsync(ReplayRequest request, CancellationToken cancellation) => SaveAsync($"{request.Pipeline}/{request.RunId}/request.json", request, cancellation);

    /// <inheritdoc/>
    public Task<ReplayRequest?> LoadRequestAsync(string pipeline, string runId, CancellationToken cancellation) =>
        LoadAsync<ReplayRequest>($"{pipeline}/{runId}/request.json", cancellation);

    /// <inheritdoc/>
    public Task SaveReportAsync(string runId, ReplayReport report, CancellationToken cancellation) => SaveAsync($"{report.Pipeline}/{runId}/report.json", report, cancellation);

    /// <inheritdoc/>
    public Task<ReplayReport?> LoadReportAsync(string pipeline, string runId, CancellationToken cancellation) =>
        LoadAsync<ReplayReport>($"{pipeline}/{runId}/report.json", cancellation);

    private async Task SaveAsync<T>(string path, T document, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        await BlobWrites.CreateAsync(container.GetBlobClient(path), new BinaryData(JsonSerializer.SerializeToUtf8Bytes(document, MlopsJson.Indented)), "application/json", cancellation);
    }

    private Task<T?> LoadAsync<T>(string path, CancellationToken cancellation)
        where T : class => BlobReads.FindJsonAsync<T>(_container, path, cancellation);
}
