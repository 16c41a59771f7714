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
        return new Rows<T>().Read(document.RootElement);
    }

    /// <param name="json">A page: an object whose <c>value</c> is the array of rows.</param>
    public static IReadOnlyList<T> ReadPage<T>(ReadOnlyMemory<byte> json)
        where T : class, ITableEntity
    {
        using var document = JsonDocument.Parse(json);
        var array = document.RootElement.GetProperty("value");
        var entities = new List<T>(array.GetArrayLength());
        var rows = new Rows<T>();
        foreach (var row in array.EnumerateArray())
        {
            entities.Add(rows.Read(row));
        }

        return entities;
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

    /// <summary>
    /// Reads row after row. Rows of one page mostly have the same columns in the same order, so the names of the one before are used again
    /// where they fit.
    /// </summary>
    private sealed class Rows<T>
        where T : class, ITableEntity
    {
        private static readonly bool IsDictionary = typeof(IDictionary<string, object>).IsAssignableFrom(typeof(T));

        private readonly List<string> _names = [];
        private readonly Dictionary<string, object> _properties = [];

        public T Read(JsonElement row)
        {
            _properties.Clear();
            var position = 0;
            foreach (var property in row.EnumerateObject())
            {
                _properties.Add(NameOf(property, position++), ToObject(property.Value));
            }

            return IsDictionary ? ToDictionary() : (T)EntityBinder.Of(typeof(T)).Read(_properties);
        }

        private string NameOf(JsonProperty property, int position)
        {
            if (position == _names.Count)
            {
                _names.Add(property.Name);
            }
            else if (!property.NameEquals(_names[position]))
            {
                _names[position] = property.Name;
            }

            return _names[position];
        }

        private T ToDictionary()
        {
            var entity = Activator.CreateInstance<T>();
            var target = (IDictionary<string, object>)entity;
            var types = _properties.GetAlternateLookup<ReadOnlySpan<char>>();
            Span<char> annotation = stackalloc char[300];
            foreach (var (name, value) in _properties)
            {
                if (name == PropertyNames.ODataMetadata || name.EndsWith(PropertyNames.TypeSuffix, StringComparison.Ordinal))
                {
                    continue;
                }

                string type = null;
                if (annotation.TryWrite($"{name}{PropertyNames.TypeSuffix}", out var length) && types.TryGetValue(annotation[..length], out var declared))
                {
                    type = declared as string;
                }

                target[name] = ToDeclaredType(name, value, type);
            }

            return entity;
        }
    }
}
