using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace ServerlessMlops.Offline.Tests.Surface;

/// <summary>
/// What an assembly shows to others, one line a type and one a member, close to C#: names and defaults of parameters count, since callers
/// use them; nullability, attributes, overrides and what the compiler adds to records do not.
/// </summary>
internal static class PublicSurface
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <returns>For each exported type its line and the lines of its members, ordered.</returns>
    public static SortedDictionary<string, SortedSet<string>> Of(IEnumerable<Assembly> assemblies)
    {
        var surface = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var type in assemblies.SelectMany(assembly => assembly.GetExportedTypes()))
        {
            surface[DescribeType(type)] = new SortedSet<string>(DescribeMembers(type), StringComparer.Ordinal);
        }

        return surface;
    }

    private static string DescribeType(Type type)
    {
        var kind = type switch
        {
            { IsEnum: true } => "enum",
            _ when typeof(Delegate).IsAssignableFrom(type) => "delegate",
            { IsInterface: true } => "interface",
            { IsValueType: true } when IsReadOnly(type) => "readonly struct",
            { IsValueType: true } => "struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        var bases = new List<string>();
        if (type is { IsClass: true, BaseType: { } parent } && parent != typeof(object) && kind != "delegate")
        {
            bases.Add(Name(parent));
        }

        return $"{kind} {type.Namespace}.{Name(type)}" + (bases.Count == 0 ? string.Empty : " : " + string.Join(", ", bases));
    }

    /// <summary>By name: an assembly for .NET Standard has an attribute of its own, written by the compiler.</summary>
    private static bool IsReadOnly(Type type) => type.CustomAttributes.Any(attribute => attribute.AttributeType.FullName == typeof(IsReadOnlyAttribute).FullName);

    private static IEnumerable<string> DescribeMembers(Type type)
    {
        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(field => $"{field.Name} = {Convert.ToString(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}");
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return [Method(type.GetMethod("Invoke")!)];
        }

        return type.GetConstructors(Declared).Where(IsVisible).Select(constructor => $"{Access(constructor)}.ctor({Parameters(constructor)})")
            .Concat(type.GetMethods(Declared).Where(IsVisible).Where(method => !method.IsSpecialName || IsOperator(method)).Where(IsNew).Select(Method))
            .Concat(type.GetProperties(Declared).Select(Property).OfType<string>())
            .Concat(type.GetEvents(Declared).Where(item => IsVisible(item.AddMethod!)).Select(item => $"event {Name(item.EventHandlerType!)} {item.Name}"))
            .Concat(type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly).Select(Field));
    }

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : string.Empty;
        var constraints = method.IsGenericMethodDefinition ? string.Concat(method.GetGenericArguments().Select(Constraints)) : string.Empty;
        var extension = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : string.Empty;
        return $"{Access(method)}{Modifiers(method)}{Name(method.ReturnType)} {method.Name}{generic}({extension}{Parameters(method)}){constraints}";
    }

    private static string? Property(PropertyInfo property)
    {
        var accessors = new[] { property.GetMethod, property.SetMethod }.OfType<MethodInfo>().Where(IsVisible).ToList();
        if (accessors.Count == 0 || !IsNew(accessors[0]) || property.Name == "EqualityContract")
        {
            return null;
        }

        var get = property.GetMethod is { } getter && IsVisible(getter) ? $"{Access(getter)}get; " : string.Empty;
        var set = property.SetMethod is { } setter && IsVisible(setter)
            ? Access(setter) + (setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init; " : "set; ")
            : string.Empty;
        var index = property.GetIndexParameters();
        var name = index.Length == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
        return $"{Modifiers(accessors[0])}{Name(property.PropertyType)} {name} {{ {get}{set}}}";
    }

    private static string Field(FieldInfo field) => field switch
    {
        { IsLiteral: true } => $"const {Name(field.FieldType)} {field.Name} = {Literal(field.GetRawConstantValue())}",
        { IsStatic: true } => $"static {Name(field.FieldType)} {field.Name}",
        _ => $"{Name(field.FieldType)} {field.Name}",
    };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsOperator(MethodInfo method) => method.Name.StartsWith("op_", StringComparison.Ordinal);

    /// <summary>Not an override of something inherited, and not written by the compiler (accessors are, and are asked about elsewhere).</summary>
    private static bool IsNew(MethodInfo method) =>
        method.GetBaseDefinition() == method && (method.IsSpecialName && !IsOperator(method) || !method.IsDefined(typeof(CompilerGeneratedAttribute)));

    private static string Access(MethodBase method) => method.IsPublic ? string.Empty : "protected ";

    private static string Modifiers(MethodInfo method) => method switch
    {
        { IsStatic: true } => "static ",
        { DeclaringType.IsInterface: true } => string.Empty,
        { IsAbstract: true } => "abstract ",
        { IsVirtual: true, IsFinal: false } => "virtual ",
        _ => string.Empty,
    };

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var prefix = parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? "ref " : string.Empty;
        var type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        return $"{prefix}{Name(type)} {parameter.Name}" + (parameter.HasDefaultValue ? " = " + Literal(parameter.RawDefaultValue) : string.Empty);
    }

    private static string Literal(object? value) => value switch
    {
        null or Missing => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Constraints(Type parameter)
    {
        var parts = new List<string>();
        if (parameter.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            parts.Add("class");
        }

        if (parameter.GenericParameterAttributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
        {
            parts.Add("struct");
        }

        parts.AddRange(parameter.GetGenericParameterConstraints().Where(constraint => constraint != typeof(ValueType)).Select(Name));
        return parts.Count == 0 ? string.Empty : $" where {parameter.Name} : {string.Join(", ", parts)}";
    }

    private static string Name(Type type)
    {
        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        if (type.IsGenericParameter || !type.IsGenericType)
        {
            return type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        }

        var name = type.Name.Split('`')[0];
        return $"{(type.IsNested ? Name(type.DeclaringType!) + "." : string.Empty)}{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
