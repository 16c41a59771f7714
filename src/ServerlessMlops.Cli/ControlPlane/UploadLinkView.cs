namespace ServerlessMlops.Cli.ControlPlane;

/// <summary>A link that creates one upload, as the app gives it.</summary>
/// <param name="Path">Path of the blob in the container <c>uploads</c>.</param>
/// <param name="Url">Where to PUT the file, with its signature.</param>
/// <param name="ExpiresAt">When the link ends.</param>
/// <param name="LargestFile">Largest file that it takes, in bytes.</param>
internal sealed record UploadLinkView(string Path, Uri Url, DateTimeOffset ExpiresAt, long LargestFile);
