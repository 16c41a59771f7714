using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ServerlessMlops.Core;

/// <summary>The JSON that the product writes: camelCase names, enums as camelCase strings, no nulls.</summary>
public static class MlopsJson
{
    /// <summary>Documents in blobs and HTTP bodies: indented for people where asked, tolerant of case on reading.</summary>
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    /// <summary>As <see cref="Options"/>, indented: documents that people open (model cards, manifests).</summary>
    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>The form that is hashed: compact, declaration order. Changing it changes every id made from JSON.</summary>
    public static JsonSerializerOptions Canonical { get; } = Create(indented: false);

    private static JsonSerializerOptions Create(bool indented)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            WriteIndented = indented,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            MaxDepth = 64,
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
