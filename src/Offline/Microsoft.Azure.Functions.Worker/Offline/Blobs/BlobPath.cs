using System.Text.RegularExpressions;

namespace Microsoft.Azure.Functions.Worker.Offline.Blobs;

/// <summary>The path of a blob to read or write, <c>container/name</c>; each <c>{token}</c> in it is a value of the trigger's.</summary>
internal sealed partial class BlobPath(string path)
{
    /// <exception cref="InvalidOperationException">The trigger has no such value.</exception>
    public (string Container, string Name) Of(IReadOnlyDictionary<string, object?> data)
    {
        string resolved = Token().Replace(path, match =>
            data.TryGetValue(match.Groups[1].Value, out object? value) && value is not null
                ? Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!
                : throw new InvalidOperationException(
                    $"Blob path '{path}' needs '{match.Groups[1].Value}', which the trigger does not give; it gives {string.Join(", ", data.Keys.Order(StringComparer.Ordinal))}."));
        int slash = resolved.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (resolved, "") : (resolved[..slash], resolved[(slash + 1)..]);
    }

    [GeneratedRegex(@"\{([^}]*)\}")]
    private static partial Regex Token();
}
