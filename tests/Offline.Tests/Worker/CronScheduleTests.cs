using Microsoft.Azure.Functions.Worker.Offline.Timers;

namespace ServerlessMlops.Offline.Tests.Worker;

public sealed class CronScheduleTests
{
    private static readonly DateTime Start = new(2027, 1, 1);

    [Theory]
    [InlineData("0 30 2 * * *", "2027-01-01T02:30:00")]
    [InlineData("30 2 * * *", "2027-01-01T02:30:00")]
    [InlineData("0 0 0 29 2 *", "2028-02-29T00:00:00")]
    [InlineData("0 0 0 * * 7", "2027-01-03T00:00:00")]
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
    [InlineData("0 5-1 * * * *")]
    [InlineData("0 */0 * * * *")]
    [InlineData("0 0 0 1 foo *")]
    public void Parse_OfNoSchedule_Throws(string schedule) => Should.Throw<FormatException>(() => CronSchedule.Parse(schedule)).Message.ShouldContain(schedule);

    /// <summary>Every minute of five years is asked of each field by itself; the schedule must name the same ones.</summary>
    [Fact]
    public void Next_OverFiveYears_AgreesWithAClockThatTriesEveryMinute()
    {
        var random = new Random(4711);
        for (int round = 0; round < 20; round++)
        {
            int minute = random.Next(60), hour = random.Next(24), day = random.Next(1, 32), month = random.Next(1, 13), weekday = random.Next(7);
            bool anyHour = random.Next(4) == 0, anyDay = random.Next(2) == 0, anyMonth = random.Next(2) == 0, anyWeekday = random.Next(2) == 0;
            string text = $"0 {minute} {(anyHour ? "*" : hour)} {(anyDay ? "*" : day)} {(anyMonth ? "*" : month)} {(anyWeekday ? "*" : weekday)}";
            var schedule = CronSchedule.Parse(text);
            DateTime? next = schedule.Next(Start);
            DateTime end = Start.AddYears(5);
            for (DateTime at = Start.AddMinutes(1); at < end; at = at.AddMinutes(1))
            {
                bool due = at.Minute == minute && (anyHour || at.Hour == hour) && (anyDay || at.Day == day) && (anyMonth || at.Month == month)
                    && (anyWeekday || (int)at.DayOfWeek == weekday);
                if (due)
                {
                    next.ShouldBe(at, text);
                    next = schedule.Next(at);
                }
            }

            (next is null || next >= end).ShouldBeTrue(text);
        }
    }

    [Theory]
    [InlineData("2027-03-14T06:00:00", "2027-03-14T07:00:00")] // 02:30 does not exist in New York that day: at the change
    [InlineData("2027-06-01T00:00:00", "2027-06-01T06:30:00")]
    public void NextUtc_InAZoneWithDst_FollowsItsClock(string after, string expected) => TimerListener.NextUtc(
        CronSchedule.Parse("0 30 2 * * *"),
        Utc(after),
        TimeZoneInfo.FindSystemTimeZoneById("America/New_York")).ShouldBe(Utc(expected));

    private static DateTime Utc(string text) =>
        DateTime.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal | System.Globalization.DateTimeStyles.AdjustToUniversal);
}
