using System.Globalization;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>A bound of <see cref="Expectation.Between"/>.</summary>
/// <param name="Value">The number; for a time, microseconds since 1970-01-01 UTC.</param>
/// <param name="IsTime">Whether it is a time.</param>
public sealed record ExpectationBound(double Value, bool IsTime)
{
    private static readonly string[] TimeFormats =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF", "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFK",
    ];

    /// <summary>Reads a finite number, or a time in ISO 8601 (UTC unless it says otherwise); null for anything else.</summary>
    public static ExpectationBound? Parse(string text)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number))
        {
            return new ExpectationBound(number, false);
        }

        return DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? new ExpectationBound((time.UtcTicks - DateTime.UnixEpoch.Ticks) / 10, true)
            : null;
    }
}
