using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Sas;

namespace ServerlessMlops.Storage.Uploads;

/// <summary>A link that opens one new blob, for being created, for some time.</summary>
/// <param name="Url">Address with its signature: whoever has it may use it.</param>
/// <param name="ExpiresAt">When it ends, to the second.</param>
public sealed record UploadLink(Uri Url, DateTimeOffset ExpiresAt);

/// <summary>
/// Signs links into the <c>uploads</c> container (shared access signatures of service <c>b</c>, permission <c>c</c>). With an identity the key is one that the account
/// delegates to it for the link's time (user delegation: no account key exists there); with a connection string it is the account's.
/// </summary>
/// <param name="service">The storage account.</param>
/// <param name="time">The clock that links end by.</param>
public sealed class UploadLinks(BlobServiceClient service, TimeProvider time)
{
    /// <summary>Largest file that a link takes, in bytes: creating a blob is one request, and writing blocks would need the right to overwrite.</summary>
    public const long LargestFile = 5_000L << 20;

    /// <summary>Clocks of the account and of this machine may differ by so much.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private readonly LazyContainer _container = new(service, UploadsContainer.Name);

    /// <summary>A link for a blob that is not there yet, or null where it is: what was dropped is never overwritten.</summary>
    /// <param name="path">Path of the blob, checked by the caller (<see cref="Core.Datasets.UploadName"/>).</param>
    /// <param name="lifetime">How long it opens; at most seven days, the age of a delegated key.</param>
    /// <param name="cancellation">Ends the calls.</param>
    public async Task<UploadLink?> SignAsync(string path, TimeSpan lifetime, CancellationToken cancellation)
    {
        BlobClient blob = (await _container.OpenAsync(cancellation)).GetBlobClient(path);
        if (await blob.ExistsAsync(cancellation))
        {
            return null;
        }

        // To whole seconds, as signatures carry them.
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var link = new BlobSasBuilder(BlobSasPermissions.Create, now + lifetime)
        {
            BlobContainerName = UploadsContainer.Name,
            BlobName = path,
            Resource = "b",
            StartsOn = now - ClockSkew,
            Protocol = blob.Uri.Scheme == Uri.UriSchemeHttps ? SasProtocol.Https : SasProtocol.HttpsAndHttp,
        };
        return new UploadLink(blob.CanGenerateSasUri ? blob.GenerateSasUri(link) : await DelegatedAsync(blob, link, cancellation), link.ExpiresOn);
    }

    private async Task<Uri> DelegatedAsync(BlobClient blob, BlobSasBuilder link, CancellationToken cancellation)
    {
        UserDelegationKey key = await service.GetUserDelegationKeyAsync(link.StartsOn, link.ExpiresOn, cancellation);
        return new BlobUriBuilder(blob.Uri) { Sas = link.ToSasQueryParameters(key, blob.AccountName) }.ToUri();
    }
}
