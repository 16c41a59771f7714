namespace Azure.Data.Tables.Entities;

/// <summary>The names that the service itself gives meaning to.</summary>
internal static class PropertyNames
{
    public const string PartitionKey = nameof(PartitionKey);
    public const string RowKey = nameof(RowKey);
    public const string Timestamp = nameof(Timestamp);
    public const string ETag = nameof(ETag);
    public const string ODataETag = "odata.etag";
    public const string ODataMetadata = "odata.metadata";
    public const string TypeSuffix = "@odata.type";
}
