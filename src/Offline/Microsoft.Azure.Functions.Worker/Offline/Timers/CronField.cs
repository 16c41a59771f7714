using System.Globalization;

namespace Microsoft.Azure.Functions.Worker.Offline.Timers;

/// <summary>One field of an NCRONTAB schedule: which of its values are allowed.</summary>
internal sealed class CronField
{
    private readonly bool[] _allowed;
    private readonly int _min;

    private CronField(bool[] allowed, int min) => (_allowed, _min) = (allowed, min);

    public bool this[int value] => _allowed[value];

    /// <summary>Whether every value is allowed.</summary>
    public bool IsAny => !Array.Exists(_allowed[_min..], allowed => !allowed);

    /// <summary>Whether two values next to each other are allowed; the published runtime takes the schedule for an interval then.</summary>
    public bool HasRun => Enumerable.Range(_min, _allowed.Length - _min - 1).Any(value => _allowed[value] && _allowed[value + 1]);

    /// <summary>As the published parser reads it: a range the wrong way round is turned, a step below one is one, a name may be cut anywhere.</summary>
    /// <exception cref="FormatException">What is wrong.</exception>
    public static CronField Parse(string text, string field, string name, int min, int max, string[]? names = null)
    {
        bool[] allowed = new bool[max + 1];
        foreach (string part in field.Split(','))
        {
            int slash = part.IndexOf('/', StringComparison.Ordinal);
            int? step = slash <= 0 ? null : Number(part[(slash + 1)..]);
            string range = slash <= 0 ? part : part[..slash];
            int dash = range.IndexOf('-', StringComparison.Ordinal);
            (int from, int to) = range == "*" ? (min, max)
                : dash > 0 ? (Value(range[..dash]), Value(range[(dash + 1)..]))
                : (Value(range), step is null ? Value(range) : max);
            (from, to) = from <= to ? (from, to) : (to, from);
            if (from < min || to > max)
            {
                throw Bad();
            }

            for (int value = from; value <= to; value += Math.Max(step ?? 1, 1))
            {
                allowed[value] = true;
                if (step > max)
                {
                    break;
                }
            }

            int Value(string word)
            {
                if (word.Length == 0)
                {
                    throw Bad();
                }

                int index = names is null || char.IsAsciiDigit(word[0]) ? -1 : Array.FindIndex(names, n => n.StartsWith(word, StringComparison.OrdinalIgnoreCase));
                return index >= 0 ? index + min : Number(word);
            }

            int Number(string digits) =>
                int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : throw Bad();

            FormatException Bad() => new(
                $"Schedule '{text}': '{part}' is not a {name}; expected numbers from {min} to {max}{(names is null ? "" : ", English names")}, ranges (a-b), steps (*/n) or lists (a,b) of them.");
        }

        return new CronField(allowed, min);
    }
}
