namespace ServerlessMlops.Core.Pipelines;

/// <summary>A type that a spec may write as one scalar, such as <c>window: 90d</c> or <c>tail: ignore</c>.</summary>
/// <typeparam name="T">The type itself.</typeparam>
public interface ISpecScalar<out T>
    where T : class
{
    /// <summary>What the scalar may be, in words for an error.</summary>
    static abstract string ScalarForm { get; }

    /// <summary>What the scalar may be, as a regular expression for the JSON Schema.</summary>
    static abstract string ScalarPattern { get; }

    /// <summary>Reads the scalar; null if it has another form.</summary>
    static abstract T? FromScalar(string text);
}

/// <summary>The range, both ends included, of a number in a spec.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SpecRangeAttribute(double min, double max) : Attribute
{
    /// <summary>Smallest value.</summary>
    public double Min => min;

    /// <summary>Largest value.</summary>
    public double Max => max;
}

/// <summary>Marks a list of shares (0 to 1) that a spec writes as percentages: <c>5%</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SpecPercentagesAttribute : Attribute;
