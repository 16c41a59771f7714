namespace ServerlessMlops.Core.Pipelines;

/// <summary>Guesses what a misspelt name was meant to be.</summary>
public static class Spelling
{
    /// <summary>
    /// The name of <paramref name="known"/> nearest to <paramref name="found"/>, if near enough to be worth asking about: up to a third of its
    /// characters changed (Damerau-Levenshtein, case ignored), at least one. Null otherwise.
    /// </summary>
    public static string? Closest(string found, IEnumerable<string> known)
    {
        string? best = null;
        int bestDistance = int.MaxValue;
        foreach (string name in known)
        {
            int limit = Math.Max(1, Math.Max(name.Length, found.Length) / 3);
            if (Math.Abs(name.Length - found.Length) > limit || found.Length > 100)
            {
                continue;
            }

            int distance = Distance(found.ToLowerInvariant(), name.ToLowerInvariant());
            if (distance <= limit && distance < bestDistance && distance < Math.Max(name.Length, found.Length))
            {
                (best, bestDistance) = (name, distance);
            }
        }

        return best;
    }

    /// <summary>The question that goes behind an error about an unknown name, with a blank before it; empty where no known name is near enough (<see cref="Closest"/>).</summary>
    public static string DidYouMean(string found, IEnumerable<string> known) => Closest(found, known) is { } close ? $" Did you mean '{close}'?" : "";

    /// <summary>Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, each costing 1.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
