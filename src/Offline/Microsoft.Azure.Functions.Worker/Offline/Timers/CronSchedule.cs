using System.Globalization;

namespace Microsoft.Azure.Functions.Worker.Offline.Timers;

/// <summary>
/// An NCRONTAB schedule: six fields (second minute hour day month weekday), or five without seconds. A field is <c>*</c>, numbers, ranges
/// <c>a-b</c>, steps <c>*/n</c> or <c>a-b/n</c>, lists of these, and for months and weekdays English names by their first three letters.
/// Sunday is 0 or 7. Day and weekday must both match.
/// </summary>
internal sealed class CronSchedule
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly bool[] _seconds, _minutes, _hours, _days, _months, _weekdays;

    private CronSchedule(bool[] seconds, bool[] minutes, bool[] hours, bool[] days, bool[] months, bool[] weekdays) =>
        (_seconds, _minutes, _hours, _days, _months, _weekdays) = (seconds, minutes, hours, days, months, weekdays);

    /// <exception cref="FormatException">What is wrong, in which field.</exception>
    public static CronSchedule Parse(string text)
    {
        string[] fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (fields.Length is not (5 or 6))
        {
            throw new FormatException($"Schedule '{text}' has {fields.Length} fields; expected six (second minute hour day month weekday), or five without seconds.");
        }

        int i = fields.Length - 5;
        bool[] weekdays = Field(text, fields[i + 4], "weekday", 0, 7, Weekdays);
        weekdays[0] |= weekdays[7];
        return new CronSchedule(
            i == 1 ? Field(text, fields[0], "second", 0, 59) : Field(text, "0", "second", 0, 59),
            Field(text, fields[i], "minute", 0, 59),
            Field(text, fields[i + 1], "hour", 0, 23),
            Field(text, fields[i + 2], "day", 1, 31),
            Field(text, fields[i + 3], "month", 1, 12, Months),
            weekdays);
    }

    /// <summary>The first occurrence after <paramref name="after"/>, both in the schedule's local time; null where none comes within eight years.</summary>
    public DateTime? Next(DateTime after)
    {
        DateTime start = new DateTime(after.Year, after.Month, after.Day, after.Hour, after.Minute, after.Second, after.Kind).AddSeconds(1);
        DateTime end = start.AddYears(8); // a 29 February comes within eight years, over 1900 and 2100 too
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

    private static bool[] Field(string text, string field, string name, int min, int max, string[]? names = null)
    {
        bool[] allowed = new bool[max + 1];
        foreach (string part in field.Split(','))
        {
            string[] step = part.Split('/');
            string[] range = step[0].Split('-');
            int every = step.Length switch { 1 => 1, 2 => Number(step[1], int.MaxValue), _ => throw Bad() };
            (int from, int to) = range switch
            {
                ["*"] => (min, max == 7 ? 6 : max),
                [var one] => (Number(one, max), step.Length == 2 ? (max == 7 ? 6 : max) : Number(one, max)),
                [var low, var high] => (Number(low, max), Number(high, max)),
                _ => throw Bad(),
            };
            if (from < min || from > to || every < 1)
            {
                throw Bad();
            }

            for (int value = from; value <= to; value += every)
            {
                allowed[value] = true;
            }

            int Number(string digits, int limit)
            {
                int index = names is null || digits.Length < 3 ? -1 : Array.IndexOf(names, digits[..3].ToLowerInvariant());
                int number = index >= 0 ? index + min : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) ? parsed : throw Bad();
                return number <= limit ? number : throw Bad();
            }

            FormatException Bad() => new($"Schedule '{text}': '{part}' is not a {name}; expected numbers from {min} to {max}, ranges (a-b), steps (*/n) or lists (a,b) of them.");
        }

        return allowed;
    }
}
