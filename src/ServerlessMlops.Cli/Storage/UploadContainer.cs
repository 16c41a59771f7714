using System.Security.Cryptography;
using Azure;
using Azure.Core;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Cli.Storage;

/// <summary>How an upload ended.</summary>
/// <param name="Path">Blob path in the container.</param>
/// <param name="Uploaded">False when a blob of the same content was there and nothing was written.</param>
/// <param name="Bytes">Size of the file.</param>
internal sealed record UploadResult(string Path, bool Uploaded, long Bytes);

/// <summary>The <c>uploads</c> or <c>labels</c> container, where files are dropped.</summary>
internal sealed class UploadContainer(BlobContainerClient container)
{
    /// <summary>Name of the container for data.</summary>
    public const string Name = "uploads";

    /// <summary>Name of the container for labels.</summary>
    public const string Labels = "labels";

    /// <summary>The container of a storage account.</summary>
    /// <param name="connection">Connection string of the account.</param>
    /// <param name="container">Name of the container.</param>
    /// <exception cref="CliException">The connection string cannot be read.</exception>
    public static UploadContainer Connect(string connection, string container = Name)
    {
        try
        {
            // The newest protocol version that the emulator's versions in use understand.
            var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2021_12_02)
            {
                Retry = { MaxRetries = 3, Mode = RetryMode.Exponential, NetworkTimeout = TimeSpan.FromSeconds(60) },
            };
            return new UploadContainer(new BlobServiceClient(connection, options).GetBlobContainerClient(container));
        }
        catch (Exception problem) when (problem is FormatException or ArgumentException)
        {
            throw CliException.Usage(
                $"The storage connection string cannot be read: {problem.Message} Expected one as the Azure portal shows it, or UseDevelopmentStorage=true.");
        }
    }

    /// <summary>
    /// Puts a file at <c>{pipeline}/{name}</c>. A blob with the same content (by MD5, as the service keeps it) stays untouched, since a new
    /// write would count as a new arrival.
    /// </summary>
    /// <param name="file">The local file.</param>
    /// <param name="pipeline">First segment of the path.</param>
    /// <param name="name">The rest of the path; may hold sub-folders.</param>
    /// <param name="force">Whether to write also where the same content is there.</param>
    /// <param name="progress">Bytes sent so far.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<UploadResult> PushAsync(
        string file, string pipeline, string name, bool force, IProgress<long>? progress, CancellationToken cancellation)
    {
        string path = PathOf(pipeline, name);
        FileStream content = Open(file);
        await using (content)
        {
            try
            {
                byte[] hash = await HashAsync(content, cancellation);
                await container.CreateIfNotExistsAsync(cancellationToken: cancellation);
                BlobClient blob = container.GetBlobClient(path);
                if (!force && await HoldsAsync(blob, hash, content.Length, cancellation))
                {
                    return new UploadResult(path, Uploaded: false, content.Length);
                }

                content.Position = 0;
                var options = new BlobUploadOptions
                {
                    HttpHeaders = new BlobHttpHeaders { ContentHash = hash, ContentType = ContentTypeOf(name) },
                    ProgressHandler = progress,
                };
                await blob.UploadAsync(content, options, cancellation);
                return new UploadResult(path, Uploaded: true, content.Length);
            }
            catch (Exception problem) when (problem is RequestFailedException or AggregateException)
            {
                throw StorageFault(problem);
            }
        }
    }

    /// <summary>The path of an upload.</summary>
    /// <exception cref="CliException">The name breaks the rule.</exception>
    public static string PathOf(string pipeline, string name) =>
        UploadName.PathOf(pipeline, name) ?? throw CliException.Usage($"'{name}' cannot be the name of an upload; expected {UploadName.Rule}.");

    /// <summary>Opens a local file for sending.</summary>
    /// <exception cref="CliException">It cannot be read.</exception>
    public static FileStream Open(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"'{file}' cannot be read: {problem.Message}");
        }
    }

    /// <summary>Name of the container.</summary>
    public string Container => container.Name;

    /// <summary>Name of the storage account.</summary>
    public string Account => container.AccountName;

    /// <summary>Checks that the account answers and takes the credentials.</summary>
    /// <exception cref="CliException">It does not.</exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        try
        {
            await container.ExistsAsync(cancellation);
        }
        catch (Exception problem) when (problem is RequestFailedException or AggregateException)
        {
            throw StorageFault(problem);
        }
    }

    /// <summary>The hash that the service keeps beside a blob; tells copies apart.</summary>
    public static async Task<byte[]> HashAsync(FileStream content, CancellationToken cancellation)
    {
#pragma warning disable CA5351 // MD5 is what the service keeps as Content-MD5; it tells copies apart, it protects nothing.
        return await MD5.HashDataAsync(content, cancellation);
#pragma warning restore CA5351
    }

    private static async Task<bool> HoldsAsync(BlobClient blob, byte[] hash, long length, CancellationToken cancellation)
    {
        try
        {
            BlobProperties there = await blob.GetPropertiesAsync(cancellationToken: cancellation);
            return there.ContentLength == length && there.ContentHash is { } known && known.AsSpan().SequenceEqual(hash);
        }
        catch (RequestFailedException problem) when (problem.Status == 404)
        {
            return false;
        }
    }

    /// <summary>The content type by the name's ending.</summary>
    public static string ContentTypeOf(string name) => Path.GetExtension(name).ToUpperInvariant() switch
    {
        ".CSV" => "text/csv",
        ".TSV" => "text/tab-separated-values",
        ".GZ" => "application/gzip",
        ".JSON" => "application/json",
        _ => "application/octet-stream",
    };

    private CliException StorageFault(Exception problem)
    {
        Exception root = problem is AggregateException many ? many.InnerExceptions[0] : problem;
        string what = root is RequestFailedException { Status: not 0 } refused
            ? $"refused the request ({refused.Status} {refused.ErrorCode})"
            : $"does not answer: {root.Message}";
        return CliException.Environment(
            $"The storage at {container.AccountName} ({container.Uri.GetLeftPart(UriPartial.Authority)}) {what} " +
            "Start the local emulator with 'mlops up', or name the account with --connection.",
            problem);
    }
}
