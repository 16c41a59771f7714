using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.DurableTask.Engine.History;

namespace Microsoft.DurableTask.Engine;

/// <summary>How history, messages and failures are written.</summary>
internal static class HistoryJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter() },
    };

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <exception cref="InvalidDataException">The text is not what this version writes.</exception>
    public static T Read<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options)
                ?? throw new InvalidDataException($"A stored {typeof(T).Name} is null; the row was changed from outside.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"A stored {typeof(T).Name} cannot be read: {exception.Message} The row was written by another version or changed from outside; purge the instance.",
                exception);
        }
    }

    public static IReadOnlyList<HistoryEvent> ReadEvents(string json) => Read<List<HistoryEvent>>(json);
}
