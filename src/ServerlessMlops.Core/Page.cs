namespace ServerlessMlops.Core;

/// <summary>One page of a listing.</summary>
/// <param name="Items">The rows, in the listing's order.</param>
/// <param name="Next">Opaque continuation for the next page, or null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
