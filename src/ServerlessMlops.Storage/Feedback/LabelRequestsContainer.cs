using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Storage.Pipelines;

namespace ServerlessMlops.Storage.Feedback;

/// <summary>The folders <c>{pipeline}/requests/</c> of the <c>labels</c> container: a CSV of rows to label and a Markdown guide of the same name.</summary>
public sealed class LabelRequestsContainer(BlobServiceClient service) : ILabelRequestStore
{
    /// <summary>Metadata of what the app wrote itself. Whoever overwrites such a file writes none, and so the answer is told from the question.</summary>
    public const string Mark = "labelrequest";

    // A guideline is read by people; one that is larger is something else.
    private const int LargestGuideline = 256 * 1024;

    private readonly LazyContainer _labels = new(service, LabelsContainer.Name);
    private readonly LazyContainer _pipelines = new(service, PipelinesContainer.Name);

    /// <inheritdoc/>
    public async Task SaveAsync(string pipeline, string name, string csv, string guide, CancellationToken cancellation)
    {
        BlobContainerClient container = await _labels.OpenAsync(cancellation);
        var mark = new Dictionary<string, string> { [Mark] = "true" };
        await BlobWrites.CreateAsync(container.GetBlobClient($"{Folder(pipeline)}{name}.md"), BinaryData.FromString(guide), "text/markdown; charset=utf-8", cancellation, mark);
        await BlobWrites.CreateAsync(container.GetBlobClient($"{Folder(pipeline)}{name}.csv"), BinaryData.FromString(csv), "text/csv; charset=utf-8", cancellation, mark);
    }

    /// <inheritdoc/>
    public async Task<string?> ReadAsync(string pipeline, string name, CancellationToken cancellation) =>
        await ReadTextAsync((await _labels.OpenAsync(cancellation)).GetBlobClient($"{Folder(pipeline)}{name}.csv"), cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ListAsync(string pipeline, CancellationToken cancellation)
    {
        BlobContainerClient container = await _labels.OpenAsync(cancellation);
        var names = new List<string>();
        await foreach (BlobItem blob in container.ListAsync(Folder(pipeline), cancellation))
        {
            if (blob.Name.EndsWith(".csv", StringComparison.Ordinal))
            {
                names.Add(blob.Name[Folder(pipeline).Length..^4]);
            }
        }

        names.Reverse();
        return names;
    }

    /// <inheritdoc/>
    public async Task<string?> ReadGuidelineAsync(string pipeline, CancellationToken cancellation)
    {
        string? text = await ReadTextAsync((await _pipelines.OpenAsync(cancellation)).GetBlobClient($"{pipeline}.labelling.md"), cancellation);
        return text is { Length: > LargestGuideline } ? string.Concat(text.AsSpan(0, LargestGuideline), "\n\n(cut: the guideline is longer)\n") : text;
    }

    /// <summary>Whether the path is one of a request; its file is an answer only where it is not marked.</summary>
    public static bool IsRequestPath(string path) => path.Split('/') is [_, "requests", ..];

    private static string Folder(string pipeline) => $"{pipeline}/requests/";

    private static async Task<string?> ReadTextAsync(BlobClient blob, CancellationToken cancellation) =>
        (await BlobReads.FindAsync(blob, cancellation))?.Content.ToString();
}
