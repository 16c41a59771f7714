using System.Globalization;
using System.Text.Json;

namespace Azure.Data.Tables.Entities;

/// <summary>Reads rows from the service's JSON into typed entities or dictionaries.</summary>
internal static class EntityReader
{
    /// <param name="json">One row.</param>
    public static T ReadOne<T>(ReadOnlyMemory<byte> json)
        where T : class, ITableEntity
    {
        using var document = JsonDocument.Parse(json);
        return Read<T>(document.RootElement);
    }

    /// <param name="json">A page: an object whose <c>value</c> is the array of rows.</param>
    public static IReadOnlyList<T> ReadPage<T>(ReadOnlyMemory<byte> json)
        where T : class, ITableEntity
    {
        using var document = JsonDocument.Parse(json);
        var rows = document.RootElement.GetProperty("value");
        var entities = new List<T>(rows.GetArrayLength());
        foreach (var row in rows.EnumerateArray())
        {
            entities.Add(Read<T>(row));
        }

        return entities;
    }

    private static T Read<T>(JsonElement row)
        where T : class, ITableEntity
    {
        var properties = new Dictionary<string, object>();
        foreach (var property in row.EnumerateObject())
        {
            properties.Add(property.Name, ToObject(property.Value));
        }

        if (!typeof(IDictionary<string, object>).IsAssignableFrom(typeof(T)))
        {
            return (T)EntityBinder.Of(typeof(T)).Read(properties);
        }

        var entity = Activator.CreateInstance<T>();
        var target = (IDictionary<string, object>)entity;
        foreach (var (name, value) in properties)
        {
            if (name != PropertyNames.ODataMetadata && !name.EndsWith(PropertyNames.TypeSuffix, StringComparison.Ordinal))
            {
                properties.TryGetValue(name + PropertyNames.TypeSuffix, out var type);
                target[name] = ToDeclaredType(name, value, type as string);
            }
        }

        return entity;
    }

    /// <summary>The Timestamp is not annotated, since everybody knows what it is.</summary>
    private static object ToDeclaredType(string name, object value, string type) => (type ?? (name == PropertyNames.Timestamp ? EdmType.DateTime : null)) switch
    {
        null => value,
        EdmType.Binary => Convert.FromBase64String((string)value),
        EdmType.DateTime => DateTimeOffset.Parse((string)value, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind),
        EdmType.Guid => Guid.Parse((string)value),
        EdmType.Int64 => long.Parse((string)value, CultureInfo.InvariantCulture),
        EdmType.Double => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        var other => throw new NotSupportedException("Not supported type " + other),
    };

    private static object ToObject(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number when value.TryGetInt32(out var number) => number,
        JsonValueKind.Number when value.TryGetInt64(out var number) => number,
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null => null,
        var kind => throw new NotSupportedException($"Not supported value kind {kind}"),
    };
}
