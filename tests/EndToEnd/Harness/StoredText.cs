using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>All that a storage account holds, as text to be searched: names, metadata and contents of blobs, every property of every row.</summary>
internal static class StoredText
{
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(string connection)
    {
        var texts = new Dictionary<string, string>();
        var blobs = new BlobServiceClient(connection, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2021_12_02));
        await foreach (BlobContainerItem container in blobs.GetBlobContainersAsync())
        {
            BlobContainerClient client = blobs.GetBlobContainerClient(container.Name);
            await foreach (BlobItem blob in client.GetBlobsAsync(BlobTraits.Metadata, BlobStates.All, "", CancellationToken.None))
            {
                BinaryData content = (await client.GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content;
                string metadata = string.Join('\n', blob.Metadata.Select(pair => $"{pair.Key}={pair.Value}"));
                texts[$"blob {container.Name}/{blob.Name}"] = $"{blob.Name}\n{metadata}\n{Encoding.Latin1.GetString(content)}";
            }
        }

        var tables = new TableServiceClient(connection);
        await foreach (Azure.Data.Tables.Models.TableItem table in tables.QueryAsync(filter: (string?)null))
        {
            var rows = new StringBuilder();
            await foreach (TableEntity row in tables.GetTableClient(table.Name).QueryAsync<TableEntity>(filter: (string?)null))
            {
                foreach ((string name, object value) in row)
                {
                    rows.Append(name).Append('=').AppendLine(value is byte[] bytes ? Encoding.Latin1.GetString(bytes) : value?.ToString());
                }
            }

            texts[$"table {table.Name}"] = rows.ToString();
        }

        return texts;
    }
}
