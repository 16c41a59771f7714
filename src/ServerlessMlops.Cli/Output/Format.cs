using System.Globalization;

namespace ServerlessMlops.Cli.Output;

/// <summary>How numbers and times are written for people.</summary>
internal static class Format
{
    /// <summary>Digits of an id that are enough to tell it from its neighbours.</summary>
    private const int ShortIdLength = 12;

    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    /// <summary>"0.8 s", "42 s", "3 min 5 s", "2 h 10 min".</summary>
    public static string Duration(TimeSpan time) => time.TotalSeconds switch
    {
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        < 3600 => $"{(int)time.TotalMinutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };

    /// <summary>"12 B", "1.2 MB": thousands, as disks and networks count.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < Units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? value : Math.Round(value, value < 10 ? 1 : 0))} {Units[unit]}");
    }

    /// <summary>The beginning of a content address.</summary>
    public static string Id(string? id) => id is null ? "" : id.Length <= ShortIdLength ? id : id[..ShortIdLength];

    /// <summary>A metric to four digits.</summary>
    public static string Metric(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>A time to the second, in UTC as the app's own messages and pages have it: whoever is on call reads one clock only.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("u", CultureInfo.InvariantCulture);
}
