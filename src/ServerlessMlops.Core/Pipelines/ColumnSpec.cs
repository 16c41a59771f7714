using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>What a spec says of one column.</summary>
public sealed record ColumnSpec : ISpecScalar<ColumnSpec>
{
    /// <summary>Its type. Inferred when absent.</summary>
    public ColumnType? Type { get; init; }

    /// <summary>Whether fairness is judged over its groups, and its values stay out of log messages and samples. The prediction log has a policy of its own (<c>scoring.columns</c>).</summary>
    public bool Sensitive { get; init; }

    /// <summary>Whether it is dropped on reading.</summary>
    public bool Ignore { get; init; }

    /// <summary>Whether models may learn from it. One that they may not is kept, and models are measured by its groups where it is sensitive or a slice.</summary>
    public bool Feature { get; init; } = true;

    /// <inheritdoc/>
    public static string ScalarPattern => "^(ignore|" + string.Join('|', TypeNames) + ")$";

    /// <inheritdoc/>
    public static string ScalarForm => "'ignore' or a type (" + string.Join(", ", TypeNames) + ")";

    private static IEnumerable<string> TypeNames => Enum.GetNames<ColumnType>().Select(n => char.ToLowerInvariant(n[0]) + n[1..]);

    /// <inheritdoc/>
    public static ColumnSpec? FromScalar(string text)
    {
        if (text == "ignore")
        {
            return new ColumnSpec { Ignore = true };
        }

        int index = TypeNames.ToList().IndexOf(text);
        return index < 0 ? null : new ColumnSpec { Type = Enum.GetValues<ColumnType>()[index] };
    }
}
