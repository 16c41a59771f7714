using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Drift;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring.Drift;

/// <summary>What every statistic says where nothing moved, and where something did; and what a month of checks says where nothing moved.</summary>
public class DriftCalibrationTests
{
    private const int Groups = 10;
    private const int Rows = 1000;

    public static TheoryData<string> Statistics() => [.. DriftStatistics.All.Where(s => s.Kinds.Contains(FeatureKind.Number)).Select(s => s.Id)];

    /// <summary>2,000 windows of the same distribution, against references drawn anew: significant at 5% no oftener than that (three standard errors allowed).</summary>
    [Theory]
    [MemberData(nameof(Statistics))]
    public void Measure_TwoThousandNullDraws_SignificantNoOftenerThanTheLevel(string id)
    {
        IDriftStatistic statistic = DriftStatistics.All.Single(s => s.Id == id);
        var random = new Random(4);
        int significant = 0;
        for (int draw = 0; draw < 2000; draw++)
        {
            FeatureGroups reference = Reference(Draw(random, 4 * Rows, r => r.NextDouble()));
            significant += statistic.Measure(reference, Draw(random, Rows, r => r.NextDouble())).PValue <= 0.05 ? 1 : 0;
        }

        significant.ShouldBeLessThanOrEqualTo(100 + 29);
    }

    /// <summary>Power: the square root of a uniform (population stability index 0.5), in 1,000 rows, at the level of an hourly check.</summary>
    [Theory]
    [MemberData(nameof(Statistics))]
    public void Measure_AMoveOfIndexOneHalf_IsSignificantInEveryWindow(string id)
    {
        IDriftStatistic statistic = DriftStatistics.All.Single(s => s.Id == id);
        var random = new Random(5);
        double level = FalseAlarmBudget.Alpha(TimeSpan.FromHours(1)) / 20;
        int found = Enumerable.Range(0, 200).Count(_ =>
            statistic.Measure(Reference(Draw(random, 4 * Rows, r => r.NextDouble())), Draw(random, Rows, r => Math.Sqrt(r.NextDouble()))).PValue <= level);
        found.ShouldBe(200);
    }

    /// <summary>Six months of a check every hour, of windows in which nothing moved: no more alarms than a pipeline may raise by mistake.</summary>
    [Fact]
    public void Evaluate_MonthsOfHourlyChecks_FalseAlarmsStayWithinTheBudget()
    {
        const int Months = 6;
        int alarms = 0, significant = 0;
        ModelCard card = Cards.Binary(rows: 20_000);
        double alpha = FalseAlarmBudget.Alpha(TimeSpan.FromHours(1));
        for (int check = 0; check < Months * 720; check++)
        {
            if (check % 72 == 0)
            {
                card = Cards.Binary(rows: 20_000, seed: 100 + check);
            }

            var traffic = new MonitoredTraffic(card, Traffic.Until, TimeSpan.FromHours(1));
            traffic.Add(Traffic.Row(Traffic.Window(card, 400, check), Traffic.Until.AddMinutes(-1)));
            MonitorReport report = ModelMonitor.Evaluate(card, 1, traffic, new MonitorSpec());
            alarms += report.Findings.Any(f => f.Verdict == MonitorVerdict.Alarm) ? 1 : 0;
            significant += report.Findings.Any(f => f.CorrectedPValue <= alpha) ? 1 : 0;
        }

        alarms.ShouldBeLessThanOrEqualTo((int)(Months * FalseAlarmBudget.PerMonth));
        significant.ShouldBeLessThanOrEqualTo((int)(Months * FalseAlarmBudget.PerMonth), "even what is significant and small");
    }

    private static FeatureGroups Reference(long[] counts) =>
        new("x", FeatureKind.Number, [.. Enumerable.Range(1, Groups - 1).Select(k => (double)k / Groups)], [], counts) { Min = 0, Max = 1 };

    private static long[] Draw(Random random, int rows, Func<Random, double> value)
    {
        var counts = new long[Groups + 1];
        for (int row = 0; row < rows; row++)
        {
            counts[(int)(value(random) * Groups)]++;
        }

        return counts;
    }
}
