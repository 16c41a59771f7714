using Azure.Data.Tables;
using Microsoft.DurableTask.Client;

namespace Microsoft.DurableTask.Engine.Storage;

/// <summary>The table filter of a listing.</summary>
internal static class InstanceFilter
{
    public static string Create(OrchestrationQuery query)
    {
        List<string> conditions = [TableClient.CreateQueryFilter($"RowKey eq {RowKeys.State}")];
        if (query.CreatedFrom is { } from)
        {
            conditions.Add(TableClient.CreateQueryFilter($"CreatedTime ge {from}"));
        }

        if (query.CreatedTo is { } to)
        {
            conditions.Add(TableClient.CreateQueryFilter($"CreatedTime le {to}"));
        }

        if (query.Statuses?.ToArray() is { Length: > 0 } statuses)
        {
            conditions.Add("(" + string.Join(" or ", statuses.Select(status => TableClient.CreateQueryFilter($"RuntimeStatus eq {status.ToString()}"))) + ")");
        }

        if (!string.IsNullOrEmpty(query.InstanceIdPrefix))
        {
            var prefix = RowKeys.Partition(query.InstanceIdPrefix);
            conditions.Add(TableClient.CreateQueryFilter($"PartitionKey ge {prefix}"));
            conditions.Add(TableClient.CreateQueryFilter($"PartitionKey lt {prefix[..^1] + (char)(prefix[^1] + 1)}"));
        }

        return string.Join(" and ", conditions);
    }
}
