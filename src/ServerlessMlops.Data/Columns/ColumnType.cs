namespace ServerlessMlops.Data.Columns;

/// <summary>What the values of a column are, and so how they are stored, profiled and learned from.</summary>
public enum ColumnType
{
    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>Whole numbers in 64 bits, except -2^63 (the mark of a missing value).</summary>
    Integer,

    /// <summary>Numbers as 64-bit floating point; NaN is missing.</summary>
    Number,

    /// <summary>One of a limited set of names.</summary>
    Category,

    /// <summary>Instants, as microseconds since 1970-01-01 UTC.</summary>
    Timestamp,

    /// <summary>Free text. Kept, not learned from.</summary>
    Text,

    /// <summary>Text that names a row, nearly unique. Kept, not learned from.</summary>
    Identifier,
}
