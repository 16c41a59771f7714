using System.Text.Json;
using ServerlessMlops.Core;

namespace ServerlessMlops.Storage;

/// <summary>Text that fits a table property (at most 32 Ki characters).</summary>
internal static class TableText
{
    private const int MaxLength = 32_000;

    /// <summary>The text, cut where it would not fit, saying so.</summary>
    public static string? Fit(string? text) => text is null || text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength - 20), " ... (cut)");

    /// <summary>The JSON of a list; as many items as fit.</summary>
    public static string ListJson<T>(IReadOnlyList<T> items, Func<int, T> more)
    {
        string json = JsonSerializer.Serialize(items, MlopsJson.Options);
        for (int keep = items.Count / 2; json.Length > MaxLength; keep /= 2)
        {
            json = JsonSerializer.Serialize(items.Take(keep).Append(more(items.Count - keep)), MlopsJson.Options);
        }

        return json;
    }

    /// <summary>A record from its JSON; <paramref name="empty"/> where there is none.</summary>
    public static T Read<T>(string? json, T empty) => json is null ? empty : JsonSerializer.Deserialize<T>(json, MlopsJson.Options) ?? empty;
}
