using System.Text.RegularExpressions;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>
/// The name of a pipeline: what stands first in a blob path, in a URL and in a table key, so it is kept to what all three take as it stands.
/// </summary>
public static partial class PipelineName
{
    /// <summary>Where runs are listed that belong to no pipeline, such as a file dropped at the root of the upload container.</summary>
    public const string Unassigned = "_unassigned";

    /// <summary>The rule, in words for an error.</summary>
    public const string Rule = "2 to 63 lower-case letters, digits and hyphens, starting with a letter or digit";

    /// <summary>What is said of a name that breaks the rule.</summary>
    public static string Refusal(string name) => $"'{name}' cannot name a pipeline: expected {Rule}.";

    /// <summary>Whether <paramref name="name"/> can name a pipeline (see <see cref="Rule"/>).</summary>
    public static bool IsValid(string? name) => name is not null && Pattern().IsMatch(name);

    /// <summary>Whether runs and alerts may be listed under the name: a pipeline's, or <see cref="Unassigned"/>.</summary>
    public static bool IsValidOrUnassigned(string? name) => name == Unassigned || IsValid(name);

    /// <summary>The pipeline that a blob path (without its container) belongs to: its first segment, or null where that names none.</summary>
    public static string? OfPath(string path)
    {
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && slash < path.Length - 1 && IsValid(path[..slash]) ? path[..slash] : null;
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{1,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
