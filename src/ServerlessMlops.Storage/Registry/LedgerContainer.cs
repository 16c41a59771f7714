using System.Globalization;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Storage.Registry;

/// <summary>The <c>ledger</c> container: <c>{pipeline}/{yyyy-MM-dd}.json</c>. Number and hash stand in the blob's metadata too, so that one listing reads a year of them.</summary>
public sealed class LedgerContainer(BlobServiceClient service) : ILedgerAnchors
{
    /// <summary>Name of the container.</summary>
    public const string Name = "ledger";

    private const string Day = "yyyy-MM-dd";

    private readonly LazyContainer _container = new(service, Name);

    /// <inheritdoc/>
    public async Task AnchorAsync(string pipeline, LedgerAnchor anchor, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        var metadata = new Dictionary<string, string> { ["number"] = anchor.Number.ToString(CultureInfo.InvariantCulture), ["hash"] = anchor.Hash };
        var json = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(anchor, MlopsJson.Indented));
        await BlobWrites.CreateAsync(
            container.GetBlobClient($"{pipeline}/{anchor.Day.ToString(Day, CultureInfo.InvariantCulture)}.json"), json, "application/json", cancellation, metadata);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LedgerAnchor>> ListAsync(string pipeline, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        var anchors = new List<LedgerAnchor>();
        await foreach (BlobItem blob in container.ListAsync($"{pipeline}/", cancellation, BlobTraits.Metadata))
        {
            if (DateOnly.TryParseExact(Path.GetFileNameWithoutExtension(blob.Name), Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day)
                && blob.Metadata.TryGetValue("number", out string? number) && blob.Metadata.TryGetValue("hash", out string? hash))
            {
                anchors.Add(new LedgerAnchor(day, long.Parse(number, CultureInfo.InvariantCulture), hash));
            }
        }

        return anchors;
    }
}
