using System.Reflection;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>
/// Generates the JSON Schema of pipeline specs (<c>pipeline.schema.json</c> beside this file), which editors complete and check by: keys, types and
/// ranges from the records that the parser binds, descriptions from their documentation, defaults from their initial values.
/// </summary>
public static class PipelineSpecSchema
{
    /// <summary>The schema, as draft 2020-12.</summary>
    /// <param name="documentation">The XML documentation of this assembly.</param>
    public static JsonObject Generate(XDocument documentation)
    {
        var texts = documentation.Descendants("member").ToDictionary(m => (string)m.Attribute("name")!, m => Flatten(m.Element("summary")));
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "ServerlessMlops pipeline spec",
        };
        foreach (var (key, value) in Map(typeof(PipelineSpec), texts).ToList())
        {
            schema[key] = value?.DeepClone();
        }

        return schema;
    }

    private static JsonObject Map(Type type, Dictionary<string, string> texts)
    {
        var required = new JsonArray();
        var properties = new JsonObject();
        object defaults = Activator.CreateInstance(type)!;
        foreach (var property in SpecBinder.PropertiesOf(type))
        {
            var value = Value(property.PropertyType, property, texts);
            value["description"] = texts.GetValueOrDefault($"P:{type.FullName}.{property.Name}", "");
            if (SpecBinder.IsRequired(property))
            {
                required.Add(SpecBinder.KeyOf(property));
            }
            else if (Default(property.GetValue(defaults), property) is { } given)
            {
                value["default"] = given;
            }

            properties[SpecBinder.KeyOf(property)] = value;
        }

        var map = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
        if (required.Count > 0)
        {
            map["required"] = required;
        }

        return map;
    }

    private static JsonObject Value(Type type, PropertyInfo property, Dictionary<string, string> texts)
    {
        bool nullable = Nullable.GetUnderlyingType(type) is not null;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            var item = property.Name == nameof(Expectation.Between)
                ? new JsonObject { ["type"] = new JsonArray("number", "string", "null") }
                : Value(type.GetGenericArguments()[0], property, texts);
            return new JsonObject { ["type"] = "array", ["items"] = item };
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = Value(type.GetGenericArguments()[1], property, texts) };
        }

        if (type.IsClass && type != typeof(string))
        {
            return Record(type, texts);
        }

        var value = Scalar(type, property);
        if (property.GetCustomAttribute<SpecRangeAttribute>() is { } range)
        {
            value["minimum"] = range.Min;
            value["maximum"] = range.Max;
        }

        return value;
    }

    private static JsonObject Record(Type type, Dictionary<string, string> texts)
    {
        if (SpecBinder.ScalarInterface(type) is null)
        {
            return Map(type, texts);
        }

        string pattern = (string)type.GetProperty("ScalarPattern", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        var scalar = new JsonObject { ["type"] = "string", ["pattern"] = pattern };
        return SpecBinder.IsMap(type) ? new JsonObject { ["anyOf"] = new JsonArray(scalar, Map(type, texts)) } : scalar;
    }

    private static JsonObject Scalar(Type type, PropertyInfo property) =>
        type == typeof(bool) ? new JsonObject { ["type"] = "boolean" }
        : type == typeof(TimeSpan) ? new JsonObject { ["type"] = new JsonArray("string", "integer"), ["pattern"] = SpecDuration.Pattern }
        : type.IsEnum ? new JsonObject { ["enum"] = new JsonArray([.. SpecBinder.NamesOf(type).Select(n => (JsonNode)n)]) }
        : type == typeof(int) || type == typeof(long) ? new JsonObject { ["type"] = "integer" }
        : type != typeof(double) ? new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") }
        : property.GetCustomAttribute<SpecPercentagesAttribute>() is null ? new JsonObject { ["type"] = "number" }
        : new JsonObject { ["type"] = "string", ["pattern"] = @"^[0-9]+(\.[0-9]+)?%$" };

    /// <summary>A default as the YAML would say it; null where there is nothing to say.</summary>
    private static JsonNode? Default(object? value, PropertyInfo property) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag,
        int number => number,
        long number => number,
        double number => number,
        TimeSpan period => SpecDuration.Format(period),
        Enum name => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name.ToString()),
        DataWindow window => window.ToString(),
        IReadOnlyList<string> { Count: > 0 } list => new JsonArray([.. list.Select(t => (JsonNode)t)]),
        IReadOnlyList<double> { Count: > 0 } shares when property.GetCustomAttribute<SpecPercentagesAttribute>() is not null =>
            new JsonArray([.. shares.Select(s => (JsonNode)string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{s * 100}%"))]),
        _ => null,
    };

    /// <summary>Documentation as plain text: references by their last name, in YAML's spelling.</summary>
    private static string Flatten(XElement? summary)
    {
        if (summary is null)
        {
            return "";
        }

        var words = summary.Nodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement { Name.LocalName: "see" } see when (string?)see.Attribute("cref") is { } cref =>
                System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(cref[(cref.LastIndexOf('.') + 1)..]),
            XElement element => element.Value,
            _ => "",
        });
        return string.Join(' ', string.Concat(words).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
