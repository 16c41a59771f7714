using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Cli.Storage;

/// <summary>Sends a file by a link of the app, with no right on the storage account but the link.</summary>
internal static class LinkedUpload
{
    /// <summary>Creates the link's blob from a file, in one request: a link may create, not write block by block.</summary>
    /// <param name="file">The local file.</param>
    /// <param name="link">The link.</param>
    /// <param name="progress">Bytes sent so far.</param>
    /// <param name="time">The clock that the link ends by.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The upload as the app knows it, and its size.</returns>
    public static async Task<(Upload Upload, long Bytes)> SendAsync(string file, UploadLinkView link, IProgress<long>? progress, TimeProvider time, CancellationToken cancellation)
    {
        await using FileStream content = UploadContainer.Open(file);
        if (content.Length > link.LargestFile)
        {
            throw CliException.Usage(
                $"'{file}' has {Format.Bytes(content.Length)}, and a link takes {Format.Bytes(link.LargestFile)} at most. Compress it (.gz), split it, or use 'mlops push' with a role on the account.");
        }

        byte[] hash = await UploadContainer.HashAsync(content, cancellation);
        content.Position = 0;

        // The one request may take as long as the link opens.
        TimeSpan left = link.ExpiresAt - time.GetUtcNow();
        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2021_12_02)
        {
            Retry = { MaxRetries = 3, NetworkTimeout = left > TimeSpan.FromMinutes(1) ? left : TimeSpan.FromMinutes(1) },
        };
        try
        {
            BlobContentInfo sent = await new BlobClient(link.Url, options).UploadAsync(
                content,
                new BlobUploadOptions
                {
                    HttpHeaders = new BlobHttpHeaders { ContentHash = hash, ContentType = UploadContainer.ContentTypeOf(link.Path) },
                    Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
                    TransferOptions = new StorageTransferOptions { InitialTransferSize = link.LargestFile, MaximumTransferSize = link.LargestFile },
                    ProgressHandler = progress,
                },
                cancellation);
            return (new Upload(link.Path, sent.ETag.ToString().Trim('"')), content.Length);
        }
        catch (RequestFailedException refused) when (refused.Status is 403 or 409 or 412)
        {
            throw CliException.Failed(
                $"The storage refused the link to '{link.Path}' ({refused.Status} {refused.ErrorCode}): it ended at {link.ExpiresAt:u}, or a file of that name was dropped meanwhile. Ask for another.",
                refused);
        }
        catch (Exception problem) when (problem is RequestFailedException or AggregateException)
        {
            Exception root = problem is AggregateException many ? many.InnerExceptions[0] : problem;
            throw CliException.Environment($"The storage at {link.Url.GetLeftPart(UriPartial.Authority)} did not take '{link.Path}': {root.Message.Split('\n')[0]}", problem);
        }
    }
}
