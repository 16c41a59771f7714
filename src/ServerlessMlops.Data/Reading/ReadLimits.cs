namespace ServerlessMlops.Data.Reading;

/// <summary>What a file may cost at most. A file from outside is hostile until read; each limit has an error that names row, column and limit.</summary>
public sealed record ReadLimits
{
    /// <summary>The defaults.</summary>
    public static ReadLimits Default { get; } = new();

    /// <summary>Columns. Default 10,000.</summary>
    public int MaxColumns { get; init; } = 10_000;

    /// <summary>Bytes of one field. Default 1 MiB.</summary>
    public int MaxFieldBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of one row. Default 8 MiB.</summary>
    public int MaxRowBytes { get; init; } = 8 << 20;

    /// <summary>Depth of nested JSON. Default 16.</summary>
    public int MaxDepth { get; init; } = 16;

    /// <summary>Decompressed bytes for one compressed byte, looked at from 64 MiB on. Default 400.</summary>
    public int MaxExpansion { get; init; } = 400;

    /// <summary>Different values of one category column. Default 1,000,000.</summary>
    public int MaxCategories { get; init; } = 1_000_000;

    /// <summary>UTF-8 bytes of all different values of one category column. Default 32 MiB.</summary>
    public int MaxCategoryBytes { get; init; } = 32 << 20;
}
