using System.Globalization;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>Periods as a spec writes them: a number and a unit, <c>50ms</c>, <c>30s</c>, <c>30m</c>, <c>12h</c>, <c>90d</c> or <c>2w</c>.</summary>
public static class SpecDuration
{
    /// <summary>The form, in words for an error.</summary>
    public const string Form = "a number and a unit (ms, s, m, h, d or w), such as 50ms, 30m or 12h";

    /// <summary>The form, as a regular expression for the JSON Schema.</summary>
    public const string Pattern = @"^(0|[0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))$";

    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("w", TimeSpan.FromDays(7)), ("d", TimeSpan.FromDays(1)),
        ("h", TimeSpan.FromHours(1)), ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1)),
    ];

    /// <summary>Reads a period of at most 100 years; false for anything else.</summary>
    public static bool TryParse(string text, out TimeSpan period)
    {
        period = default;
        if (text == "0")
        {
            return true;
        }

        foreach (var (unit, length) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && decimal.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal count))
            {
                if (count > 36_525m * TimeSpan.TicksPerDay / length.Ticks)
                {
                    return false;
                }

                period = TimeSpan.FromTicks((long)(count * length.Ticks));
                return true;
            }
        }

        return false;
    }

    /// <summary>The shortest form of a period.</summary>
    public static string Format(TimeSpan period)
    {
        if (period == TimeSpan.Zero)
        {
            return "0";
        }

        foreach (var (unit, length) in Units.OrderByDescending(u => u.Length).Where(u => u.Unit != "w"))
        {
            if (period.Ticks % length.Ticks == 0)
            {
                return (period.Ticks / length.Ticks).ToString(CultureInfo.InvariantCulture) + unit;
            }
        }

        return (period.Ticks / (decimal)TimeSpan.TicksPerMillisecond).ToString(CultureInfo.InvariantCulture) + "ms";
    }
}
