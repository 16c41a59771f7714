namespace Microsoft.Azure.Functions.Worker.Offline.Timers;

/// <summary>
/// An NCRONTAB schedule: six fields (second minute hour day month weekday), or five without seconds. A field is <c>*</c>, numbers, ranges
/// <c>a-b</c>, steps <c>*/n</c>, <c>a/n</c> or <c>a-b/n</c>, lists of these, and for months and weekdays English names or their beginnings.
/// Sunday is 0. Day and weekday must both match.
/// </summary>
internal sealed class CronSchedule
{
    private static readonly string[] MonthNames =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

    private static readonly string[] WeekdayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    private readonly CronField _seconds, _minutes, _hours, _days, _months, _weekdays;
    private readonly bool _hasSeconds;

    private CronSchedule(string text, string[] fields)
    {
        int i = fields.Length - 5;
        _hasSeconds = i == 1;
        _seconds = CronField.Parse(text, _hasSeconds ? fields[0] : "0", "second", 0, 59);
        _minutes = CronField.Parse(text, fields[i], "minute", 0, 59);
        _hours = CronField.Parse(text, fields[i + 1], "hour", 0, 23);
        _days = CronField.Parse(text, fields[i + 2], "day", 1, 31);
        _months = CronField.Parse(text, fields[i + 3], "month", 1, 12, MonthNames);
        _weekdays = CronField.Parse(text, fields[i + 4], "weekday", 0, 6, WeekdayNames);
    }

    /// <summary>
    /// Whether the schedule counts as an interval rather than a time of day: any second, minute or hour, or two in a row. An interval goes on through the
    /// hour that comes twice when daylight saving ends; a time of day comes once.
    /// </summary>
    public bool IsInterval => (_hasSeconds && Spreads(_seconds)) || Spreads(_minutes) || Spreads(_hours);

    /// <summary>Whether it comes more than once a minute, all the time; the published runtime keeps no status for such a timer.</summary>
    public bool IsSubMinute =>
        _minutes.IsAny && _hours.IsAny && _days.IsAny && _months.IsAny && _weekdays.IsAny && Enumerable.Range(0, 60).Count(second => _seconds[second]) > 1;

    /// <exception cref="FormatException">What is wrong, in which field.</exception>
    public static CronSchedule Parse(string text)
    {
        string[] fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return fields.Length is 5 or 6
            ? new CronSchedule(text, fields)
            : throw new FormatException(
                $"Schedule '{text}' has {fields.Length} fields; expected six (second minute hour day month weekday), or five without seconds. Spans of time (00:05:00) are not for serverless plans.");
    }

    /// <summary>The first occurrence after <paramref name="after"/>, both on the same clock; null where none comes within 48 years.</summary>
    public DateTime? Next(DateTime after)
    {
        DateTime start = new DateTime(after.Year, after.Month, after.Day, after.Hour, after.Minute, after.Second, after.Kind).AddSeconds(1);
        DateTime end = start.AddYears(48); // a 29 February on a given weekday comes within 40 years, over 2100 too
        for (DateTime day = start.Date; day < end; day = day.AddDays(1))
        {
            if (!_months[day.Month])
            {
                day = new DateTime(day.Year, day.Month, DateTime.DaysInMonth(day.Year, day.Month), 0, 0, 0, day.Kind);
                continue;
            }

            if (_days[day.Day] && _weekdays[(int)day.DayOfWeek] && TimeOfDay(day == start.Date ? start.TimeOfDay : TimeSpan.Zero) is { } time)
            {
                return day + time;
            }
        }

        return null;
    }

    /// <summary>
    /// The first occurrence after a moment, both UTC, on the clock of a zone. As in the published runtime: a time that daylight saving skips comes as much later as the
    /// clock was put forward; of a time that comes twice an interval has both, a time of day the first, and only when looked for from before it.
    /// </summary>
    public DateTime? NextUtc(DateTime afterUtc, TimeZoneInfo zone)
    {
        DateTimeOffset now = TimeZoneInfo.ConvertTime(new DateTimeOffset(DateTime.SpecifyKind(afterUtc, DateTimeKind.Utc)), zone);
        if (Next(now.DateTime) is not { } local)
        {
            return null;
        }

        DateTimeOffset next = InZone(local, zone);
        if (zone.SupportsDaylightSavingTime && (zone.IsAmbiguousTime(now) || zone.IsAmbiguousTime(next)))
        {
            if (next.Offset != now.Offset && (IsInterval || zone.IsAmbiguousTime(next)))
            {
                next = TimeZoneInfo.ConvertTime(next.Add(next.Offset - now.Offset), zone);
            }
            else if (!IsInterval && zone.IsAmbiguousTime(next))
            {
                DateTime? later = local;
                while (later is { } candidate && zone.IsAmbiguousTime(candidate))
                {
                    later = Next(candidate);
                }

                if (later is not { } unambiguous)
                {
                    return null;
                }

                next = InZone(unambiguous, zone);
            }
        }

        return next.UtcDateTime;
    }

    /// <summary>A local time as a moment. One that comes twice is taken as the later, one that is skipped as if the clock had not been put forward.</summary>
    private static DateTimeOffset InZone(DateTime local, TimeZoneInfo zone)
    {
        DateTime wall = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        TimeSpan offset = zone.IsInvalidTime(wall) ? zone.GetUtcOffset(wall.AddDays(-1))
            : zone.IsAmbiguousTime(wall) ? zone.GetAmbiguousTimeOffsets(wall).Min()
            : zone.GetUtcOffset(wall);
        return TimeZoneInfo.ConvertTime(new DateTimeOffset(wall, offset), zone);
    }

    private TimeSpan? TimeOfDay(TimeSpan from)
    {
        for (int hour = from.Hours; hour < 24; hour++)
        {
            if (!_hours[hour])
            {
                continue;
            }

            bool first = hour == from.Hours;
            for (int minute = first ? from.Minutes : 0; minute < 60; minute++)
            {
                if (!_minutes[minute])
                {
                    continue;
                }

                for (int second = first && minute == from.Minutes ? from.Seconds : 0; second < 60; second++)
                {
                    if (_seconds[second])
                    {
                        return new TimeSpan(hour, minute, second);
                    }
                }
            }
        }

        return null;
    }

    private static bool Spreads(CronField field) => field.IsAny || field.HasRun;
}
