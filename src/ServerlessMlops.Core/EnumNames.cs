namespace ServerlessMlops.Core;

/// <summary>Names of enumeration values as people read them.</summary>
public static class EnumNames
{
    /// <summary>A value's name in words: <c>EstimatedPerformance</c> is "estimated performance".</summary>
    public static string Word<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => char.IsAsciiLetterUpper(c) ? (i == 0 ? "" : " ") + char.ToLowerInvariant(c) : c.ToString()));
}
