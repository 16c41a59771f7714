using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Storage.Alerts;

/// <summary>
/// Rows of the <c>alerts</c> table. Partition key the pipeline; row keys: <c>at:{newest first}:{id}</c> the alert, in the order of
/// listings; <c>id:{id}</c> which says where that stands; <c>group:{topic}</c>; <c>sent:{notification}|{destination}</c>; <c>silence:{id}</c>. Partition
/// <c>_due</c> (no pipeline is named so) lists notifications that wait: <c>{pipeline}|{topic}|{number}</c>.
/// </summary>
internal static class AlertRows
{
    public const string DuePartition = "_due";
    public const string SilencePrefix = "silence:";

    public static string IdKey(string id) => $"id:{id}";

    public static string AtKey(Alert alert) => $"at:{TableListing.Descending(alert.FirstAt.UtcTicks)}:{alert.Id}";

    public static string AtKeyBound(DateTimeOffset since) => $"at:{TableListing.Descending(since.UtcTicks)};"; // ';' follows ':'

    public static string SilenceKey(string id) => SilencePrefix + id;

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
        ["Clear"] = alert.Clear,
        ["Unsent"] = alert.Unsent,
        ["DecidedAt"] = alert.DecidedAt,
        ["Told"] = JsonSerializer.Serialize(alert.Told, MlopsJson.Options),
        ["Recent"] = JsonSerializer.Serialize(alert.Recent, MlopsJson.Options),
        ["Waiting"] = alert.Waiting,
        ["Withheld"] = TableText.Fit(alert.Withheld),
        ["Failures"] = alert.Failures,
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
        Clear = row.GetInt32("Clear") ?? 0,
        Unsent = row.GetBoolean("Unsent")!.Value,
        DecidedAt = row.GetDateTimeOffset("DecidedAt"),
        Told = TableText.Read<IReadOnlyList<AlertTold>>(row.GetString("Told"), []),
        Recent = TableText.Read<IReadOnlyList<DateTimeOffset>>(row.GetString("Recent"), []),
        Waiting = row.GetBoolean("Waiting") ?? false,
        Withheld = row.GetString("Withheld"),
        Failures = row.GetInt32("Failures") ?? 0,
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

    public static TableEntity ToRow(AlertDelivery delivery) => new(delivery.Pipeline, DeliveryPrefix(delivery.Notification) + delivery.Destination)
    {
        ["Notification"] = delivery.Notification,
        ["Destination"] = delivery.Destination,
        ["Delivered"] = delivery.Delivered,
        ["Attempts"] = delivery.Attempts,
        ["At"] = delivery.At,
        ["Outcome"] = TableText.Fit(delivery.Outcome),
    };

    public static AlertDelivery ToDelivery(TableEntity row) => new(
        row.PartitionKey,
        row.GetString("Notification"),
        row.GetString("Destination"),
        row.GetBoolean("Delivered")!.Value,
        row.GetInt32("Attempts")!.Value,
        row.GetDateTimeOffset("At")!.Value,
        row.GetString("Outcome"));

    public static TableEntity ToRow(Silence silence) => new(silence.Pipeline, SilenceKey(silence.Id))
    {
        ["Topic"] = silence.Topic?.ToString(),
        ["Subject"] = TableText.Fit(silence.Subject),
        ["Until"] = silence.Until,
        ["Why"] = TableText.Fit(silence.Why),
        ["By"] = silence.By,
        ["CreatedAt"] = silence.CreatedAt,
    };

    public static Silence ToSilence(TableEntity row) => new()
    {
        Id = row.RowKey[SilencePrefix.Length..],
        Pipeline = row.PartitionKey,
        Topic = row.GetString("Topic") is { } topic ? Enum.Parse<AlertTopic>(topic) : null,
        Subject = row.GetString("Subject"),
        Until = row.GetDateTimeOffset("Until")!.Value,
        Why = row.GetString("Why"),
        By = row.GetString("By"),
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
    };
}
