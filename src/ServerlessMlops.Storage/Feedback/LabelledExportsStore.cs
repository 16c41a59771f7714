using System.Globalization;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Storage.Uploads;

namespace ServerlessMlops.Storage.Feedback;

/// <summary>Files of labelled predictions: <c>uploads/{pipeline}/labelled/...</c>, and <c>outcomes/{pipeline}/labelled.json</c>, how far they go.</summary>
public sealed class LabelledExportsStore(BlobServiceClient service) : ILabelledExports
{
    private readonly LazyContainer _outcomes = new(service, OutcomesStore.Name);
    private readonly LazyContainer _uploads = new(service, UploadsContainer.Name);

    /// <inheritdoc/>
    public async Task<(LabelledExport Export, string? ETag)> LoadAsync(string pipeline, CancellationToken cancellation)
    {
        BlobClient blob = (await _outcomes.OpenAsync(cancellation)).GetBlobClient(PathOf(pipeline));
        return await BlobReads.FindAsync(blob, cancellation) is { } found
            ? (BlobReads.Parse<LabelledExport>(found, $"{OutcomesStore.Name}/{blob.Name}"), found.Details.ETag.ToString())
            : (new LabelledExport(), null);
    }

    /// <inheritdoc/>
    public async Task<bool> SaveAsync(string pipeline, LabelledExport export, string? etag, CancellationToken cancellation) => await BlobWrites.SwapAsync(
        (await _outcomes.OpenAsync(cancellation)).GetBlobClient(PathOf(pipeline)), BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(export, MlopsJson.Options)), etag, cancellation);

    /// <inheritdoc/>
    public async Task<Upload> PutAsync(string path, ReadOnlyMemory<byte> csv, CancellationToken cancellation)
    {
        BlobClient blob = (await _uploads.OpenAsync(cancellation)).GetBlobClient(path);
        await BlobWrites.CreateAsync(blob, BinaryData.FromBytes(csv), "text/csv; charset=utf-8", cancellation);
        BlobProperties properties = await blob.GetPropertiesAsync(cancellationToken: cancellation);
        return new Upload(path, UploadsContainer.Bare(properties.ETag));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DateTimeOffset>> ListHoursAsync(string pipeline, DateTimeOffset since, CancellationToken cancellation)
    {
        string prefix = $"{pipeline}/";
        var hours = new List<DateTimeOffset>();
        await foreach (BlobItem blob in (await _outcomes.OpenAsync(cancellation)).ListAsync(prefix, cancellation))
        {
            if (DateTimeOffset.TryParseExact(
                    blob.Name[prefix.Length..], "yyyy'/'MM'/'dd'/'HH'.json'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset hour) && hour >= since)
            {
                hours.Add(hour);
            }
        }

        return hours;
    }

    private static string PathOf(string pipeline) => $"{pipeline}/labelled.json";
}
