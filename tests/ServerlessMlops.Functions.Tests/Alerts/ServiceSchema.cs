using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ServerlessMlops.Functions.Tests.Alerts;

/// <summary>
/// Checks documents against the schemas in <c>Schemas/</c>: the keywords of JSON Schema that those use, and no others (a schema with an unknown keyword
/// throws, so that nothing goes unchecked).
/// </summary>
internal static class ServiceSchema
{
    /// <summary>What is wrong with a document, each fault with its place; empty where it fits.</summary>
    public static IReadOnlyList<string> Check(string schema, string document)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Alerts", "Schemas", schema + ".json");
        using JsonDocument rules = JsonDocument.Parse(File.ReadAllText(path));
        using JsonDocument value = JsonDocument.Parse(document);
        var faults = new List<string>();
        Check(rules.RootElement, value.RootElement, "$", faults);
        return faults;
    }

    private static void Check(JsonElement schema, JsonElement value, string at, List<string> faults)
    {
        foreach (JsonProperty rule in schema.EnumerateObject())
        {
            string? fault = rule.Name switch
            {
                "type" => TypeOf(value) == rule.Value.GetString() ? null : $"is {TypeOf(value)}, not {rule.Value}",
                "const" => JsonElement.DeepEquals(value, rule.Value) ? null : $"is {value}, not {rule.Value}",
                "enum" => rule.Value.EnumerateArray().Any(e => JsonElement.DeepEquals(e, value)) ? null : $"is {value}, none of {rule.Value}",
                "required" => rule.Value.EnumerateArray().FirstOrDefault(n => !value.TryGetProperty(n.GetString()!, out _)) is { ValueKind: JsonValueKind.String } missing ? $"lacks {missing}" : null,
                "minLength" => LengthOf(value) >= rule.Value.GetInt32() ? null : $"is shorter than {rule.Value}",
                "maxLength" => LengthOf(value) <= rule.Value.GetInt32() ? null : $"is longer than {rule.Value}",
                "minItems" => value.GetArrayLength() >= rule.Value.GetInt32() ? null : $"has fewer than {rule.Value} items",
                "maxItems" => value.GetArrayLength() <= rule.Value.GetInt32() ? null : $"has more than {rule.Value} items",
                "pattern" => Regex.IsMatch(value.GetString()!, rule.Value.GetString()!) ? null : $"is {value}, not like {rule.Value}",
                "additionalProperties" => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().FirstOrDefault(p => !schema.GetProperty("properties").TryGetProperty(p.Name, out _)) is { Value.ValueKind: not JsonValueKind.Undefined } unknown
                    ? $"has the unknown {unknown.Name}" : null,
                "anyOf" => AnyOf(rule.Value, value, at),
                "properties" or "items" or "$comment" => null,
                _ => throw new InvalidOperationException($"Schema keyword '{rule.Name}' is not checked here."),
            };
            if (fault is not null)
            {
                faults.Add($"{at} {fault}");
                return;
            }
        }

        if (value.ValueKind == JsonValueKind.Object && schema.TryGetProperty("properties", out JsonElement properties))
        {
            foreach (JsonProperty property in value.EnumerateObject())
            {
                Check(properties.GetProperty(property.Name), property.Value, $"{at}.{property.Name}", faults);
            }
        }
        else if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out JsonElement items))
        {
            int index = 0;
            foreach (JsonElement item in value.EnumerateArray())
            {
                Check(items, item, $"{at}[{index++}]", faults);
            }
        }
    }

    private static string? AnyOf(JsonElement choices, JsonElement value, string at)
    {
        var all = new List<string>();
        foreach (JsonElement choice in choices.EnumerateArray())
        {
            var faults = new List<string>();
            Check(choice, value, at, faults);
            if (faults.Count == 0)
            {
                return null;
            }

            all.AddRange(faults);
        }

        return "fits no choice: " + string.Join("; ", all);
    }

    private static int LengthOf(JsonElement value) => new StringInfo(value.GetString()!).LengthInTextElements;

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => value.ValueKind.ToString().ToLowerInvariant(),
    };
}
