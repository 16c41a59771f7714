using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Tables;

/// <summary>One emulator for all the contract tests of the table client; each test makes tables of its own.</summary>
[CollectionDefinition(Name)]
public sealed class TablesCollection : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "Tables";
}

internal static class TestTables
{
    public static TableClientOptions QuickRetries(int retries = 3, HttpPipelineTransport? transport = null)
    {
        var options = new TableClientOptions
        {
            Retry = { MaxRetries = retries, Mode = RetryMode.Fixed, Delay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(5) },
        };
        if (transport is not null)
        {
            options.Transport = transport;
        }

        return options;
    }

    public static async Task<TableClient> CreateTableAsync(this AzuriteFixture azurite, TableClientOptions? options = null)
    {
        var table = new TableClient(azurite.ConnectionString, azurite.UniqueName("t"), options ?? QuickRetries());
        await table.CreateAsync();
        return table;
    }

    public static async Task<List<T>> ToListAsync<T>(this Azure.AsyncPageable<T> pages)
        where T : notnull
    {
        var list = new List<T>();
        await foreach (var item in pages)
        {
            list.Add(item);
        }

        return list;
    }

    /// <summary>At most <paramref name="count"/> pages.</summary>
    public static async Task<List<Azure.Page<T>>> ToPagesAsync<T>(this IAsyncEnumerable<Azure.Page<T>> pages, int count = int.MaxValue)
    {
        var list = new List<Azure.Page<T>>();
        await foreach (var page in pages)
        {
            list.Add(page);
            if (list.Count == count)
            {
                break;
            }
        }

        return list;
    }
}
