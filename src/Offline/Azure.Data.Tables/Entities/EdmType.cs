namespace Azure.Data.Tables.Entities;

/// <summary>The service's names of the types that JSON cannot tell apart by itself.</summary>
internal static class EdmType
{
    public const string Binary = "Edm.Binary";
    public const string DateTime = "Edm.DateTime";
    public const string Double = "Edm.Double";
    public const string Guid = "Edm.Guid";
    public const string Int64 = "Edm.Int64";

    /// <summary>The annotation that a value needs, or null: text, booleans, 32-bit integers and what the service does not know need none.</summary>
    public static string Of(object value) => value switch
    {
        byte[] or BinaryData => Binary,
        long or ulong => Int64,
        double => Double,
        System.Guid => Guid,
        System.DateTime or DateTimeOffset => DateTime,
        _ => null,
    };
}
