using System.Text;
using Azure.Storage.Blobs;

namespace Microsoft.DurableTask.Engine.Storage;

/// <summary>Payloads that are too large for a table row. A blob is written before the row that names it, and never changed.</summary>
internal sealed class PayloadBlobs(BlobContainerClient container)
{
    /// <summary>Longest text (characters) that stays in its row; a table string holds 32 Ki.</summary>
    public const int MaxInlineLength = 20_000;

    private const string Reference = "blob:";
    private const string Inline = "text:";

    public Task InitializeAsync(CancellationToken cancellationToken) => container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);

    /// <returns>What goes into the row: the text itself, or the name of the blob that holds it.</returns>
    public async Task<string?> StoreAsync(string partition, string? text, CancellationToken cancellationToken)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length <= MaxInlineLength)
        {
            return Inline + text;
        }

        var name = $"{Uri.EscapeDataString(partition)}/{Guid.NewGuid():N}";
        await container.GetBlobClient(name).UploadAsync(BinaryData.FromString(text), overwrite: true, cancellationToken);
        return Reference + name;
    }

    /// <exception cref="InvalidDataException">The row was not written by this class.</exception>
    public async Task<string?> ReadAsync(string? stored, CancellationToken cancellationToken)
    {
        if (stored is null)
        {
            return null;
        }

        if (stored.StartsWith(Inline, StringComparison.Ordinal))
        {
            return stored[Inline.Length..];
        }

        if (!stored.StartsWith(Reference, StringComparison.Ordinal))
        {
            throw new InvalidDataException("A stored payload begins neither with 'text:' nor with 'blob:'; the row was changed from outside.");
        }

        var content = await container.GetBlobClient(stored[Reference.Length..]).DownloadContentAsync(cancellationToken);
        return Encoding.UTF8.GetString(content.Value.Content.ToMemory().Span);
    }

    /// <summary>Deletes all payloads of an instance.</summary>
    public async Task PurgeAsync(string partition, CancellationToken cancellationToken)
    {
        await foreach (var blob in container.GetBlobsAsync(prefix: Uri.EscapeDataString(partition) + "/", cancellationToken: cancellationToken))
        {
            await container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellationToken);
        }
    }
}
