using Microsoft.Azure.Functions.Worker.Offline.Timers;

namespace ServerlessMlops.Offline.Tests.Worker;

public sealed class CronScheduleTests
{
    private static readonly DateTime Start = new(2027, 1, 1);

    [Theory]
    [InlineData("0 30 2 * * *", "2027-01-01T02:30:00")]
    [InlineData("30 2 * * *", "2027-01-01T02:30:00")]
    [InlineData("0 0 0 29 2 *", "2028-02-29T00:00:00")]
    [InlineData("0 0 0 * * Sun", "2027-01-03T00:00:00")]
    [InlineData("0 0 0 * Febr *", "2027-02-01T00:00:00")]
    [InlineData("0 0 0 * ju *", "2027-06-01T00:00:00")]
    [InlineData("0 0 5-1 * * *", "2027-01-01T01:00:00")] // a range the wrong way round is turned
    [InlineData("0 */0 * * * *", "2027-01-01T00:01:00")] // a step below one is one
    [InlineData("0 50/7 * * * *", "2027-01-01T00:50:00")] // from there to the end
    [InlineData("0 0 0 29 2 Mon", "2044-02-29T00:00:00")]
    [InlineData("0 0 0 13 * Fri", "2027-08-13T00:00:00")]
    [InlineData("*/15 * * * * *", "2027-01-01T00:00:15")]
    [InlineData("0 0 9-17/4 * Mar-Apr 1,3", "2027-03-01T09:00:00")]
    public void Next_OfASchedule_IsItsFirstMomentAfter(string schedule, string expected) =>
        CronSchedule.Parse(schedule).Next(Start).ShouldBe(DateTime.Parse(expected, System.Globalization.CultureInfo.InvariantCulture));

    [Theory]
    [InlineData("* * * *")]
    [InlineData("60 * * * * *")]
    [InlineData("0 0 24 * * *")]
    [InlineData("0 0 0 0 * *")]
    [InlineData("0 0 0 * * 7")]
    [InlineData("0 5- * * * *")]
    [InlineData("0 1,,2 * * * *")]
    [InlineData("0 *-5 * * * *")]
    [InlineData("0 0 0 1 Janx *")]
    [InlineData("00:05:00")]
    [InlineData("0 0 0 1 foo *")]
    public void Parse_OfNoSchedule_Throws(string schedule) => Should.Throw<FormatException>(() => CronSchedule.Parse(schedule)).Message.ShouldContain(schedule);

    /// <summary>Every minute of five years is asked of each field by itself; the schedule must name the same ones.</summary>
    [Fact]
    public void Next_OverFiveYears_AgreesWithAClockThatTriesEveryMinute()
    {
        var random = new Random(4711);
        for (int round = 0; round < 12; round++)
        {
            (string minutes, HashSet<int> minute) = RandomField(random, 0, 59);
            (string hours, HashSet<int> hour) = RandomField(random, 0, 23);
            (string days, HashSet<int> day) = RandomField(random, 1, 31);
            (string months, HashSet<int> month) = RandomField(random, 1, 12);
            (string weekdays, HashSet<int> weekday) = RandomField(random, 0, 6);
            string text = $"0 {minutes} {hours} {days} {months} {weekdays}";
            var schedule = CronSchedule.Parse(text);
            DateTime? next = schedule.Next(Start);
            DateTime end = Start.AddYears(5);
            for (DateTime at = Start.AddMinutes(1); at < end; at = at.AddMinutes(1))
            {
                if (minute.Contains(at.Minute) && hour.Contains(at.Hour) && day.Contains(at.Day) && month.Contains(at.Month) && weekday.Contains((int)at.DayOfWeek))
                {
                    if (next != at)
                    {
                        next.ShouldBe(at, text);
                    }

                    next = schedule.Next(at);
                }
            }

            (next is null || next >= end).ShouldBeTrue(text);
        }
    }

    /// <summary>An interval comes whenever the zone's clock shows a fitting time: twice in the hour that comes twice, with no pause in it.</summary>
    [Theory]
    [InlineData("America/New_York")]
    [InlineData("Europe/Berlin")]
    public void NextUtc_OfIntervals_AgreesWithTheZonesClockOverFiveYears(string name)
    {
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(name);
        var random = new Random(17);
        DateTime start = DateTime.SpecifyKind(Start, DateTimeKind.Utc), end = start.AddYears(5);
        DateTime[] clock = [.. Minutes(start, end).Select(utc => TimeZoneInfo.ConvertTimeFromUtc(utc, zone))];
        for (int round = 0; round < 4; round++)
        {
            (string minutes, HashSet<int> minute) = round == 0 ? ("*", [.. Enumerable.Range(0, 60)]) : RandomField(random, 0, 59);
            (string weekdays, HashSet<int> weekday) = RandomField(random, 0, 6);
            string text = $"0 {minutes} * * * {weekdays}";
            var schedule = CronSchedule.Parse(text);
            schedule.IsInterval.ShouldBeTrue(text);
            DateTime? next = schedule.NextUtc(start, zone);
            for (int i = 1; i < clock.Length; i++)
            {
                if (minute.Contains(clock[i].Minute) && weekday.Contains((int)clock[i].DayOfWeek))
                {
                    // Millions of minutes: what is said of a fault is written only where there is one.
                    if (next != start.AddMinutes(i))
                    {
                        next.ShouldBe(start.AddMinutes(i), $"{text} in {name}, where it is {clock[i]:s}");
                    }

                    next = schedule.NextUtc(start.AddMinutes(i), zone);
                }
            }
        }
    }

    /// <summary>A time of day comes once a day: an hour later where the clock skips it, the first time where it comes twice.</summary>
    [Theory]
    [InlineData("America/New_York")]
    [InlineData("Europe/Berlin")]
    public void NextUtc_OfTimesOfDay_ComesOnceADayOverFiveYears(string name)
    {
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(name);
        var random = new Random(23);
        for (int round = 0; round < 30; round++)
        {
            int hour = round < 8 ? round / 2 : random.Next(24), minute = random.Next(60), second = random.Next(60);
            (string days, HashSet<int> day) = round % 3 == 0 ? RandomField(random, 1, 31) : ("*", [.. Enumerable.Range(1, 31)]);
            string text = $"{second} {minute} {hour} {days} * *";
            var schedule = CronSchedule.Parse(text);
            schedule.IsInterval.ShouldBeFalse(text);
            DateTime? next = schedule.NextUtc(DateTime.SpecifyKind(Start.AddHours(12), DateTimeKind.Utc), zone);
            for (DateTime date = Start.AddDays(2); date < Start.AddYears(5); date = date.AddDays(1))
            {
                if (date == Start.AddDays(2))
                {
                    next = schedule.NextUtc(TimeZoneInfo.ConvertTimeToUtc(date.AddSeconds(-1), zone), zone);
                }

                if (!day.Contains(date.Day))
                {
                    continue;
                }

                DateTime wall = date.AddHours(hour).AddMinutes(minute).AddSeconds(second);
                DateTime expected = zone.IsInvalidTime(wall) ? TimeZoneInfo.ConvertTimeToUtc(wall.AddHours(1), zone)
                    : zone.IsAmbiguousTime(wall) ? new DateTimeOffset(wall, zone.GetAmbiguousTimeOffsets(wall).Max()).UtcDateTime
                    : TimeZoneInfo.ConvertTimeToUtc(wall, zone);
                next.ShouldBe(expected, $"{text} in {name} on {date:d}");
                next = schedule.NextUtc(expected, zone);
            }
        }
    }

    /// <summary>What the published runtime does at the ends of daylight saving, case by case.</summary>
    [Theory]
    [InlineData("0 30 2 * * *", "2027-03-14T06:00:00", "2027-03-14T07:30:00")] // 02:30 does not exist in New York that day: 03:30
    [InlineData("0 30 2 * * *", "2027-06-01T00:00:00", "2027-06-01T06:30:00")]
    [InlineData("0 * * * * *", "2027-11-07T05:59:00", "2027-11-07T06:00:00")] // 01:59 for the first time, then 01:00 again
    [InlineData("0 * * * * *", "2027-11-07T06:30:00", "2027-11-07T06:31:00")]
    [InlineData("0 30 1 * * *", "2027-11-07T05:00:00", "2027-11-07T05:30:00")] // the first 01:30
    [InlineData("0 30 1 * * *", "2027-11-07T06:10:00", "2027-11-08T06:30:00")] // begun in the second 01:xx: taken as done
    [InlineData("0 30 1 7 11 *", "2027-01-10T00:00:00", "2028-11-07T06:30:00")] // looked for from winter, the ambiguous one is taken as done as well
    public void NextUtc_InNewYork_DoesAsThePublishedRuntime(string schedule, string after, string expected) => CronSchedule.Parse(schedule)
        .NextUtc(Utc(after), TimeZoneInfo.FindSystemTimeZoneById("America/New_York")).ShouldBe(Utc(expected));

    private static IEnumerable<DateTime> Minutes(DateTime from, DateTime to)
    {
        for (DateTime at = from; at < to; at = at.AddMinutes(1))
        {
            yield return at;
        }
    }

    /// <summary>A field in any of the forms, and what it allows, worked out without the parser.</summary>
    private static (string Text, HashSet<int> Allowed) RandomField(Random random, int min, int max)
    {
        int a = random.Next(min, max + 1), b = random.Next(min, max + 1), step = random.Next(1, 8);
        (int low, int high) = (Math.Min(a, b), Math.Max(a, b));
        return random.Next(7) switch
        {
            0 or 1 => ("*", [.. Enumerable.Range(min, max - min + 1)]),
            2 => ($"*/{step}", [.. Enumerable.Range(min, max - min + 1).Where(v => (v - min) % step == 0)]),
            3 => ($"{a}-{b}", [.. Enumerable.Range(low, high - low + 1)]),
            4 => ($"{low}-{high}/{step}", [.. Enumerable.Range(low, high - low + 1).Where(v => (v - low) % step == 0)]),
            5 => ($"{a},{b}", [a, b]),
            _ => ($"{a}/{step}", [.. Enumerable.Range(a, max - a + 1).Where(v => (v - a) % step == 0)]),
        };
    }

    private static DateTime Utc(string text) =>
        DateTime.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal | System.Globalization.DateTimeStyles.AdjustToUniversal);
}
