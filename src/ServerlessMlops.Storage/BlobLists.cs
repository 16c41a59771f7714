using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace ServerlessMlops.Storage;

/// <summary>
/// Listings, with every argument given. Azure.Storage.Blobs has lost the default values of these overloads on its way from the version that local builds
/// take to the one that ships, so a call that leaves one out compiles against one of them only; calls elsewhere are banned.
/// </summary>
internal static class BlobLists
{
#pragma warning disable RS0030 // banned everywhere else (BannedSymbols.txt), for this
    /// <summary>All blobs whose name starts with the prefix, in the order of their names.</summary>
    public static AsyncPageable<BlobItem> ListAsync(this BlobContainerClient container, string prefix, CancellationToken cancellation, BlobTraits traits = BlobTraits.None) =>
        container.GetBlobsAsync(traits, BlobStates.None, prefix, cancellation);

    /// <summary>Blobs right below the prefix, and what looks like a folder there.</summary>
    public static AsyncPageable<BlobHierarchyItem> ListLevelAsync(this BlobContainerClient container, string? prefix, CancellationToken cancellation) =>
        container.GetBlobsByHierarchyAsync(BlobTraits.None, BlobStates.None, "/", prefix, cancellation);
#pragma warning restore RS0030
}
