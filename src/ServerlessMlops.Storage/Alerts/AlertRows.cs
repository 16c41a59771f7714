using System.Globalization;
using Azure;
using Azure.Data.Tables;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Storage.Alerts;

/// <summary>
/// Rows of the <c>alerts</c> table. Partition key the pipeline; row keys: <c>at:{newest first}:{id}</c> the alert, in the order of
/// listings; <c>id:{id}</c> which says where that stands; <c>group:{topic}</c>; <c>sent:{notification}|{rule}</c>. Partition
/// <c>_due</c> (no pipeline is named so) lists notifications that wait: <c>{pipeline}|{topic}|{number}</c>.
/// </summary>
internal static class AlertRows
{
    public const string DuePartition = "_due";

    public static string IdKey(string id) => $"id:{id}";

    public static string AtKey(Alert alert) => $"at:{TableListing.Descending(alert.FirstAt.UtcTicks)}:{alert.Id}";

    public static string GroupKey(AlertTopic topic) => $"group:{topic}";

    public static string DeliveryPrefix(string notification) => $"sent:{notification}|";

    public static string DueKey(DueNotification due) => string.Create(CultureInfo.InvariantCulture, $"{due.Pipeline}|{due.Topic}|{due.Number}");

    public static DueNotification ToDue(TableEntity row)
    {
        string[] key = row.RowKey.Split('|');
        return new DueNotification(key[0], Enum.Parse<AlertTopic>(key[1]), long.Parse(key[2], CultureInfo.InvariantCulture));
    }

    public static TableEntity ToPointer(Alert alert) => new(alert.Pipeline, IdKey(alert.Id)) { ["At"] = AtKey(alert) };

    public static TableEntity ToRow(Alert alert) => new(alert.Pipeline, AtKey(alert))
    {
        ["Id"] = alert.Id,
        ["Topic"] = alert.Topic.ToString(),
        ["Severity"] = alert.Severity.ToString(),
        ["Subject"] = TableText.Fit(alert.Subject),
        ["Title"] = TableText.Fit(alert.Title),
        ["Detail"] = TableText.Fit(alert.Detail),
        ["Evidence"] = TableText.Fit(alert.Evidence),
        ["State"] = alert.State.ToString(),
        ["FirstAt"] = alert.FirstAt,
        ["LastAt"] = alert.LastAt,
        ["Occurrences"] = alert.Occurrences,
        ["Observation"] = alert.Observation,
        ["Unsent"] = alert.Unsent,
        ["NotifiedAt"] = alert.NotifiedAt,
        ["AcknowledgedBy"] = alert.AcknowledgedBy,
    };

    public static Alert ToAlert(TableEntity row) => new()
    {
        Id = row.GetString("Id"),
        Pipeline = row.PartitionKey,
        Topic = Enum.Parse<AlertTopic>(row.GetString("Topic")),
        Severity = Enum.Parse<AlertSeverity>(row.GetString("Severity")),
        Subject = row.GetString("Subject"),
        Title = row.GetString("Title"),
        Detail = row.GetString("Detail"),
        Evidence = row.GetString("Evidence"),
        State = Enum.Parse<AlertState>(row.GetString("State")),
        FirstAt = row.GetDateTimeOffset("FirstAt")!.Value,
        LastAt = row.GetDateTimeOffset("LastAt")!.Value,
        Occurrences = row.GetInt64("Occurrences")!.Value,
        Observation = row.GetInt64("Observation")!.Value,
        Unsent = row.GetBoolean("Unsent")!.Value,
        NotifiedAt = row.GetDateTimeOffset("NotifiedAt"),
        AcknowledgedBy = row.GetString("AcknowledgedBy"),
        ETag = row.ETag.ToString(),
    };

    public static TableEntity ToRow(AlertGroup group) => new(group.Pipeline, GroupKey(group.Topic))
    {
        ["Number"] = group.Number,
        ["DueAt"] = group.DueAt,
        ["ClaimedUntil"] = group.ClaimedUntil,
        ["SentAt"] = group.SentAt,
    };

    public static AlertGroup ToGroup(TableEntity row, AlertTopic topic) => new(row.PartitionKey, topic)
    {
        Number = row.GetInt64("Number")!.Value,
        DueAt = row.GetDateTimeOffset("DueAt"),
        ClaimedUntil = row.GetDateTimeOffset("ClaimedUntil"),
        SentAt = row.GetDateTimeOffset("SentAt"),
    };

    public static TableEntity ToRow(AlertDelivery delivery) => new(delivery.Pipeline, DeliveryPrefix(delivery.Notification) + delivery.Rule)
    {
        ["Notification"] = delivery.Notification,
        ["Rule"] = delivery.Rule,
        ["Delivered"] = delivery.Delivered,
        ["Attempts"] = delivery.Attempts,
        ["At"] = delivery.At,
        ["Outcome"] = TableText.Fit(delivery.Outcome),
    };

    public static AlertDelivery ToDelivery(TableEntity row) => new(
        row.PartitionKey,
        row.GetString("Notification"),
        row.GetString("Rule"),
        row.GetBoolean("Delivered")!.Value,
        row.GetInt32("Attempts")!.Value,
        row.GetDateTimeOffset("At")!.Value,
        row.GetString("Outcome"));
}
