using System.Text;
using Azure.Storage.Blobs;

namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>Drops files into the upload container, as any client of Blob Storage would; and makes small ones to drop.</summary>
internal static class Uploads
{
    /// <summary>A spec for <see cref="Rows"/>.</summary>
    public const string Spec = """
        target: damaged
        task: binary
        key: strike_id
        time: flight_date
        gates: [auc >= 0.5]
        """;

    public static async Task DropAsync(string connection, string path, byte[] content)
    {
        var container = new BlobContainerClient(connection, "uploads", new BlobClientOptions(BlobClientOptions.ServiceVersion.V2021_12_02));
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient(path).UploadAsync(BinaryData.FromBytes(content), overwrite: true);
    }

    /// <summary>The first rows of the sample's first upload: real data, small enough to train on in a moment.</summary>
    public static byte[] Rows(int count) => Encoding.UTF8.GetBytes(
        string.Join('\n', File.ReadLines(Programs.Sample("uploads", "1990-1997.csv")).Take(count + 1)) + '\n');
}
