using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>
/// Turns a tree of YAML into the spec's records by their properties, and notes every fault on the way instead of stopping at the first. Where a
/// value is at fault its default stands in, so that the rest can be looked at.
/// </summary>
internal sealed class SpecBinder(List<SpecFinding> findings)
{
    /// <summary>Where each value was found, by path: lets later rules name line and column.</summary>
    public Dictionary<string, SpecNode> Positions { get; } = new(StringComparer.Ordinal);

    /// <summary>The YAML key of a property.</summary>
    public static string KeyOf(MemberInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    /// <summary>The properties that a spec may set.</summary>
    public static IEnumerable<PropertyInfo> PropertiesOf(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.SetMethod is not null);

    /// <summary>Whether a property must be there.</summary>
    public static bool IsRequired(PropertyInfo property) =>
        property.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null;

    public object? BindRecord(Type type, SpecNode node, string path)
    {
        Positions[path] = node;
        if (ScalarInterface(type) is { } scalarForm && node is SpecScalar { IsNull: false } scalar)
        {
            object? value = type.GetMethod("FromScalar", BindingFlags.Public | BindingFlags.Static)!.Invoke(null, [scalar.Text]);
            if (value is null)
            {
                Fault(node, path, $"found {node.Kind}; expected {scalarForm}{(IsMap(type) ? ", or a map" : "")}.{Spelling.DidYouMean(scalar.Text, ScalarWords(type))}");
            }

            return value;
        }

        if (!IsMap(type))
        {
            Fault(node, path, $"found {node.Kind}; expected {ScalarInterface(type)}.");
            return null;
        }

        if (node is not SpecMap map)
        {
            if (node is SpecScalar { IsNull: true } && PropertiesOf(type).All(p => !IsRequired(p)))
            {
                return Activator.CreateInstance(type);
            }

            Fault(node, path, $"found {node.Kind}; expected a map with the keys {string.Join(", ", PropertiesOf(type).Select(KeyOf))}.");
            return null;
        }

        return BindMap(type, map, path);
    }

    private object? BindMap(Type type, SpecMap map, string path)
    {
        var result = Activator.CreateInstance(type)!;
        var properties = PropertiesOf(type).ToDictionary(KeyOf, StringComparer.Ordinal);
        foreach (var (key, value) in map.Entries)
        {
            string here = path.Length > 0 ? $"{path}.{key.Text}" : key.Text;
            if (!properties.Remove(key.Text, out var property))
            {
                var keys = PropertiesOf(type).Select(KeyOf).ToList();
                string hint = Spelling.DidYouMean(key.Text, keys);
                Fault(key, here, $"this key is unknown.{(hint.Length > 0 ? hint : $" Known here: {string.Join(", ", keys)}.")}");
                continue;
            }

            object? bound = BindValue(property.PropertyType, value, here, property);
            if (bound is not null)
            {
                property.SetValue(result, bound);
            }
        }

        bool complete = true;
        foreach (var missing in properties.Values.Where(IsRequired))
        {
            complete = false;
            string key = KeyOf(missing);
            Fault(map, path.Length > 0 ? $"{path}.{key}" : key, "this key is required and is missing.");
        }

        return complete ? result : null;
    }

    private object? BindValue(Type type, SpecNode node, string path, PropertyInfo property)
    {
        Positions[path] = node;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            return BindList(type.GetGenericArguments()[0], node, path, property);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            return BindDictionary(type.GetGenericArguments()[1], node, path, property);
        }

        if (type.IsClass && type != typeof(string))
        {
            return BindRecord(type, node, path);
        }

        if (node is not SpecScalar scalar)
        {
            Fault(node, path, $"found {node.Kind}; expected {Expected(type, property)}.");
            return null;
        }

        return scalar.IsNull ? null : BindScalar(type, scalar, path, property);
    }

    private object? BindList(Type item, SpecNode node, string path, PropertyInfo property)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
        if (node is not SpecList sequence)
        {
            if (node is SpecScalar { IsNull: true })
            {
                return list;
            }

            Fault(node, path, $"found {node.Kind}; expected a list in brackets, such as [a, b].");
            return null;
        }

        for (int i = 0; i < sequence.Items.Count; i++)
        {
            object? bound = BindValue(item, sequence.Items[i], $"{path}[{i}]", property);
            if (bound is not null || property.Name == nameof(Expectation.Between))
            {
                list.Add(bound);
            }
            else if (sequence.Items[i] is SpecScalar { IsNull: true })
            {
                Fault(sequence.Items[i], $"{path}[{i}]", "found nothing; expected a value. Quote it if the word 'null' is meant.");
            }
        }

        return list;
    }

    private object? BindDictionary(Type value, SpecNode node, string path, PropertyInfo property)
    {
        // Sorted, so that the order in the file does not change the spec's hash.
        var dictionary = (IDictionary)Activator.CreateInstance(typeof(SortedDictionary<,>).MakeGenericType(typeof(string), value), StringComparer.Ordinal)!;
        if (node is not SpecMap map)
        {
            if (node is not SpecScalar { IsNull: true })
            {
                Fault(node, path, $"found {node.Kind}; expected a map from names to values.");
            }

            return dictionary;
        }

        foreach (var (key, item) in map.Entries)
        {
            if (BindValue(value, item, $"{path}.{key.Text}", property) is { } bound)
            {
                dictionary[key.Text] = bound;
            }
        }

        return dictionary;
    }

    private object? BindScalar(Type type, SpecScalar scalar, string path, PropertyInfo property)
    {
        object? value = null;
        if (type == typeof(string))
        {
            return scalar.Text;
        }
        else if (type == typeof(bool))
        {
            value = scalar.Text switch { "true" => true, "false" => false, _ => null };
        }
        else if (type == typeof(TimeSpan))
        {
            value = SpecDuration.TryParse(scalar.Text, out var period) ? period : null;
        }
        else if (type.IsEnum)
        {
            value = Enum.GetValues(type).Cast<object>().FirstOrDefault(v => NameOf(v) == scalar.Text);
        }
        else if (type == typeof(int) || type == typeof(long))
        {
            if (long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) && (type == typeof(long) || whole == (int)whole))
            {
                value = type == typeof(int) ? (object)(int)whole : whole;
            }
        }
        else if (type == typeof(double))
        {
            bool percentages = property.GetCustomAttribute<SpecPercentagesAttribute>() is not null;
            bool marked = scalar.Text.EndsWith('%');
            if (percentages == marked && double.TryParse(marked ? scalar.Text[..^1] : scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number))
            {
                value = marked ? number / 100 : number;
            }
        }

        bool inRange = value is null || property.GetCustomAttribute<SpecRangeAttribute>() is not { } range
            || Convert.ToDouble(value, CultureInfo.InvariantCulture) is var x && x >= range.Min && x <= range.Max;
        if (value is null || !inRange)
        {
            Fault(scalar, path, $"found {scalar.Kind}; expected {Expected(type, property)}.{(type.IsEnum ? Spelling.DidYouMean(scalar.Text, NamesOf(type)) : "")}");
            return null;
        }

        return value;
    }

    /// <summary>What a property takes, in words.</summary>
    private static string Expected(Type type, PropertyInfo property)
    {
        string what = type == typeof(bool) ? "true or false"
            : type == typeof(TimeSpan) ? SpecDuration.Form
            : type.IsEnum ? "one of " + string.Join(", ", NamesOf(type))
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) ? property.GetCustomAttribute<SpecPercentagesAttribute>() is null ? "a number" : "a percentage such as 5%"
            : "text";
        return property.GetCustomAttribute<SpecRangeAttribute>() is { } range ? $"{what} from {range.Min} to {range.Max}" : what;
    }

    /// <summary>The YAML names of an enumeration.</summary>
    public static IEnumerable<string> NamesOf(Type type) => Enum.GetValues(type).Cast<object>().Select(NameOf);

    private static string NameOf(object value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()!);

    /// <summary>What a type's scalar form is, in words, or null if it has none.</summary>
    public static string? ScalarInterface(Type type) =>
        type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ISpecScalar<>))
            ? (string)type.GetProperty("ScalarForm", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!
            : null;

    /// <summary>Whether a type can be written as a map.</summary>
    public static bool IsMap(Type type) => type != typeof(DataWindow);

    private static IEnumerable<string> ScalarWords(Type type) =>
        type == typeof(ColumnSpec) ? ["ignore", .. NamesOf(typeof(Data.Columns.ColumnType))] : type == typeof(DataWindow) ? ["all"] : [];

    private void Fault(SpecNode node, string path, string message) => findings.Add(new SpecFinding(node.Line, node.Column, path, message));
}
