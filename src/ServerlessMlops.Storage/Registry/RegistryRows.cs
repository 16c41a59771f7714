using System.Text.Json;
using Azure.Data.Tables;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Storage.Registry;

/// <summary>Rows of the registry table to records and back; the only place that knows their columns.</summary>
internal static class RegistryRows
{
    public const string HeadKey = "head";
    public const string VersionPrefix = "v:";
    public const string LedgerPrefix = "ledger:";

    public static string VersionKey(int version) => VersionPrefix + TableListing.Descending(version);

    public static string ModelKey(string modelId) => $"model:{modelId}";

    public static TableEntity ToRow(RegistryHead head) => new(head.Pipeline, HeadKey)
    {
        ["LastVersion"] = head.LastVersion,
        ["LedgerLength"] = head.LedgerLength,
        ["LedgerHash"] = head.LedgerHash,
        ["SpecHash"] = head.SpecHash,
        ["Live"] = Json(head.Live),
        ["Aliases"] = head.Aliases.Count == 0 ? null : Json(head.Aliases),
        ["PendingApproval"] = head.PendingApproval,
    };

    public static RegistryHead ToHead(TableEntity row) => new()
    {
        Pipeline = row.PartitionKey,
        LastVersion = row.GetInt32("LastVersion")!.Value,
        LedgerLength = row.GetInt64("LedgerLength")!.Value,
        LedgerHash = row.GetString("LedgerHash"),
        SpecHash = row.GetString("SpecHash"),
        Live = TableText.Read<LivePointer?>(row.GetString("Live"), null),
        Aliases = TableText.Read<IReadOnlyList<ModelAlias>>(row.GetString("Aliases"), []),
        PendingApproval = row.GetInt32("PendingApproval"),
    };

    public static TableEntity ToRow(string pipeline, ModelVersion version) => new(pipeline, VersionKey(version.Version))
    {
        ["Version"] = version.Version,
        ["ModelId"] = version.ModelId,
        ["DatasetId"] = version.DatasetId,
        ["SpecHash"] = version.SpecHash,
        ["Candidate"] = version.Candidate,
        ["RunId"] = version.RunId,
        ["CreatedAt"] = version.CreatedAt,
        ["Metrics"] = Json(version.Metrics),
        ["Stage"] = version.Stage.ToString(),
        ["Tags"] = version.Tags.Count == 0 ? null : Json(version.Tags),
        ["Approval"] = Json(version.Approval),
    };

    public static ModelVersion ToVersion(TableEntity row) => new()
    {
        Version = row.GetInt32("Version")!.Value,
        ModelId = row.GetString("ModelId"),
        DatasetId = row.GetString("DatasetId"),
        SpecHash = row.GetString("SpecHash"),
        Candidate = row.GetString("Candidate"),
        RunId = row.GetString("RunId"),
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        Metrics = TableText.Read<IReadOnlyDictionary<string, double>>(row.GetString("Metrics"), new Dictionary<string, double>()),
        Stage = row.GetString("Stage") is { } stage ? Enum.Parse<ModelStage>(stage) : ModelStage.Registered,
        Tags = TableText.Read<IReadOnlyDictionary<string, string>>(row.GetString("Tags"), new SortedDictionary<string, string>(StringComparer.Ordinal)),
        Approval = TableText.Read<ModelApproval?>(row.GetString("Approval"), null),
    };

    private static string? Json<T>(T? value) => value is null ? null : JsonSerializer.Serialize(value, MlopsJson.Options);

    public static TableEntity ToModelRow(string pipeline, ModelVersion version) =>
        new(pipeline, ModelKey(version.ModelId)) { ["Version"] = version.Version };

    public static int ToModelVersion(TableEntity row) => row.GetInt32("Version")!.Value;

    public static TableEntity ToRow(string pipeline, LedgerEntry entry) => new(pipeline, LedgerPrefix + TableListing.Descending(entry.Number))
    {
        ["Number"] = entry.Number,
        ["At"] = entry.At,
        ["Action"] = entry.Action.ToString(),
        ["Actor"] = entry.Actor,
        ["Version"] = entry.Version,
        ["Why"] = entry.Why,
        ["Evidence"] = entry.Evidence,
        ["Alias"] = entry.Alias,
        ["PreviousHash"] = entry.PreviousHash,
    };

    public static LedgerEntry ToEntry(TableEntity row) => new()
    {
        Number = row.GetInt64("Number")!.Value,
        At = row.GetDateTimeOffset("At")!.Value,
        Action = Enum.Parse<LedgerAction>(row.GetString("Action")),
        Actor = row.GetString("Actor"),
        Version = row.GetInt32("Version"),
        Why = row.GetString("Why"),
        Evidence = row.GetString("Evidence"),
        Alias = row.GetString("Alias"),
        PreviousHash = row.GetString("PreviousHash"),
    };
}
