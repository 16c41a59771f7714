using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.Azure.Functions.Worker.Offline.Blobs;

/// <summary>
/// The path of a blob trigger, <c>container/rest</c>. Each <c>{name}</c> in the rest stands for any text, slashes included, as much as fits, so
/// <c>{a}/{b}</c> splits at the last slash. Case counts, and the whole name must fit.
/// </summary>
internal sealed partial class BlobPattern
{
    private readonly Regex _rest;
    private readonly string[] _tokens;

    private BlobPattern(string container, string prefix, Regex rest, string[] tokens) => (Container, Prefix, _rest, _tokens) = (container, prefix, rest, tokens);

    public string Container { get; }

    /// <summary>What every matching name begins with.</summary>
    public string Prefix { get; }

    /// <exception cref="ArgumentException">The path has no container, or a token where none may be.</exception>
    public static BlobPattern Parse(string path)
    {
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        string container = slash < 0 ? path : path[..slash];
        if (container.Contains('{', StringComparison.Ordinal) || container.Length < 3)
        {
            throw new ArgumentException($"Blob path '{path}' begins with '{container}'; expected the name of a container (at least 3 characters, no tokens).");
        }

        string rest = slash < 0 ? "{name}" : path[(slash + 1)..];
        var regex = new StringBuilder("^");
        var tokens = new List<string>();
        int at = 0;
        foreach (Match token in Token().Matches(rest))
        {
            string name = token.Groups[1].Value;
            if (!Name().IsMatch(name))
            {
                throw new ArgumentException($"Blob path '{path}' has the token '{{{name}}}'; a token is a name of letters, digits and underscores.");
            }

            regex.Append(Regex.Escape(rest[at..token.Index])).Append($"(?<{name}>.*)");
            tokens.Add(name);
            at = token.Index + token.Length;
        }

        regex.Append(Regex.Escape(rest[at..])).Append('$');
        int open = rest.IndexOf('{', StringComparison.Ordinal);
        return new BlobPattern(container, open < 0 ? rest : rest[..open], new Regex(regex.ToString(), RegexOptions.Singleline | RegexOptions.CultureInvariant), [.. tokens]);
    }

    /// <summary>The tokens' values, or null where the name does not fit.</summary>
    public Dictionary<string, object?>? Match(string blobName)
    {
        Match match = _rest.Match(blobName);
        return match.Success ? _tokens.ToDictionary(t => t, object? (t) => match.Groups[t].Value, StringComparer.OrdinalIgnoreCase) : null;
    }

    [GeneratedRegex(@"\{([^}]*)\}")]
    private static partial Regex Token();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex Name();
}
