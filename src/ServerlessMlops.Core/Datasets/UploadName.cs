using System.Text.RegularExpressions;

namespace ServerlessMlops.Core.Datasets;

/// <summary>
/// What a file may be called below its pipeline. Blob Storage has no folders to break out of, but clients, shells and the next system that reads the name have.
/// </summary>
public static partial class UploadName
{
    /// <summary>Longest path of a blob, in characters: the service's limit.</summary>
    public const int LongestPath = 1024;

    /// <summary>The rule, in words for an error.</summary>
    public const string Rule =
        "a path without leading or doubled slashes, '.' or '..' segments, segments that end with a dot, backslashes, control characters and percent-encoded ones, "
        + "of at most 1024 characters together with the pipeline's name";

    /// <summary>The blob path <c>{pipeline}/{name}</c>, or null where <paramref name="name"/> breaks the <see cref="Rule"/>.</summary>
    /// <param name="pipeline">A valid name of a pipeline.</param>
    /// <param name="name">The rest of the path; may hold sub-folders.</param>
    public static string? PathOf(string pipeline, string? name)
    {
        if (string.IsNullOrWhiteSpace(name) || pipeline.Length + 1 + name.Length > LongestPath || Refused().IsMatch(name))
        {
            return null;
        }

        return name.Split('/').All(segment => segment.Trim().Length > 0 && !segment.EndsWith('.')) ? $"{pipeline}/{name}" : null;
    }

    // Control characters, halves of surrogate pairs, backslashes, and %2e as it would be written to smuggle a dot past a check.
    [GeneratedRegex(@"[\p{Cc}\\]|%[0-9A-Fa-f]{2}|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]", RegexOptions.CultureInvariant)]
    private static partial Regex Refused();
}
