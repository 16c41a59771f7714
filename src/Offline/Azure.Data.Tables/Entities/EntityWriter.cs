using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml;

namespace Azure.Data.Tables.Entities;

/// <summary>
/// Writes an entity as the service's JSON: one property after another, each followed by its type where JSON does not show it. What the
/// service sets itself (ETag, Timestamp) is left out.
/// </summary>
internal static class EntityWriter
{
    private const string RoundtripUtc = "yyyy-MM-ddTHH:mm:ss.fffffffZ";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.Default, SkipValidation = true };

    public static ReadOnlyMemory<byte> Write(ITableEntity entity)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        Write(buffer, entity);
        return buffer.WrittenMemory;
    }

    /// <exception cref="RequestFailedException">The entity is beyond what the service stores.</exception>
    /// <exception cref="NotSupportedException">A property has a type that the service has none for, or a DateTime is not in UTC.</exception>
    public static void Write(IBufferWriter<byte> buffer, ITableEntity entity)
    {
        var limits = new ServiceLimits();
        using var writer = new Utf8JsonWriter(buffer, Options);
        writer.WriteStartObject();
        if (entity is IDictionary<string, object> properties)
        {
            WriteProperties(writer, properties, limits);
        }
        else
        {
            EntityBinder.Of(entity.GetType()).Write(writer, entity, limits);
        }

        writer.WriteEndObject();
        limits.Verify();
    }

    public static void WriteProperty(Utf8JsonWriter writer, string name, object value, ServiceLimits limits)
    {
        limits.Count(name, value);
        writer.WritePropertyName(name);
        WriteValue(writer, value is long or ulong ? Convert.ToString(value, CultureInfo.InvariantCulture) : value);
        if (EdmType.Of(value) is { } type)
        {
            writer.WriteString(name + PropertyNames.TypeSuffix, type);
        }
    }

    private static void WriteProperties(Utf8JsonWriter writer, IDictionary<string, object> properties, ServiceLimits limits)
    {
        foreach (var (name, value) in properties)
        {
            if (name is PropertyNames.ODataETag or PropertyNames.Timestamp)
            {
                continue;
            }

            if (value is Enum)
            {
                throw new NotSupportedException("Enum values are only supported for custom model types implementing ITableEntity.");
            }

            WriteProperty(writer, name, value, limits);
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case double number when double.IsNaN(number):
                writer.WriteStringValue("NaN");
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case float number:
                writer.WriteNumberValue(number);
                break;
            case decimal number:
                writer.WriteNumberValue(number);
                break;
            case byte[] bytes:
                writer.WriteBase64StringValue(bytes);
                break;
            case BinaryData bytes:
                writer.WriteBase64StringValue(bytes);
                break;
            case Guid guid:
                writer.WriteStringValue(guid);
                break;
            case DateTimeOffset date:
                writer.WriteStringValue(date.ToUniversalTime().ToString(RoundtripUtc, CultureInfo.InvariantCulture));
                break;
            case DateTime { Kind: DateTimeKind.Utc } date:
                writer.WriteStringValue(date.ToString(RoundtripUtc, CultureInfo.InvariantCulture));
                break;
            case DateTime date:
                throw new NotSupportedException(
                    $"DateTime {date} has a Kind of {date.Kind}. Azure SDK requires it to be UTC. " +
                    "You can call DateTime.SpecifyKind to change Kind property value to DateTimeKind.Utc.");
            case TimeSpan span:
                writer.WriteStringValue(XmlConvert.ToString(span));
                break;
            default:
                throw new NotSupportedException($"Not supported type {value.GetType()}");
        }
    }
}
