using System.Text.Json;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Drift;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring.Drift;

public class DriftStatisticsTests
{
    // Numerical integration on the reference side, special functions to 12 digits on ours.
    private const double EffectTolerance = 1e-7;

    public static TheoryData<string, int> StatisticsAndCases()
    {
        var data = new TheoryData<string, int>();
        foreach (IDriftStatistic statistic in DriftStatistics.All)
        {
            for (int i = 0; i < Golden.Cases.Count; i++)
            {
                data.Add(statistic.Id, i);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(StatisticsAndCases))]
    public void Measure_GoldenCounts_IsWhatSciPySays(string id, int number)
    {
        IDriftStatistic statistic = DriftStatistics.All.Single(s => s.Id == id);
        JsonElement golden = Golden.Cases[number];
        long[] live = golden.GetProperty("live").Deserialize<long[]>()!;
        foreach (FeatureKind kind in statistic.Kinds)
        {
            DriftMeasure measure = statistic.Measure(Golden.Reference(golden, kind), live);
            measure.Effect.ShouldBe(golden.GetProperty(id)[0].GetDouble(), EffectTolerance);
            double expected = golden.GetProperty(id)[1].GetDouble();
            measure.PValue.ShouldBe(expected, Math.Max(1e-12, expected * 1e-7));
        }
    }

    [Fact]
    public void Measure_SameCounts_IsNoDifference()
    {
        FeatureGroups reference = Golden.Reference(Golden.Cases[1], FeatureKind.Number);
        foreach (IDriftStatistic statistic in DriftStatistics.All)
        {
            DriftMeasure measure = statistic.Measure(reference, [.. reference.Counts]);
            measure.Effect.ShouldBe(0, 1e-9, statistic.Id);
            measure.PValue.ShouldBe(1, 1e-9, statistic.Id);
        }
    }

    [Fact]
    public void Measure_OtherLayout_SaysWhatDoesNotMatch() =>
        Should.Throw<ArgumentException>(() => DriftStatistics.PopulationStability.Measure(Golden.Reference(Golden.Cases[0], FeatureKind.Number), [1, 2]))
            .Message.ShouldBe("Feature 'x' has 11 reference groups and 2 live ones; windows and card are of different models.");

    [Fact]
    public void Measure_OnlyMissingValuesLive_NumberStatisticsSeeNoOrderToCompare()
    {
        FeatureGroups reference = Golden.Reference(Golden.Cases[0], FeatureKind.Number);
        var live = new long[reference.GroupCount];
        live[^1] = 100;
        new KolmogorovSmirnov().Measure(reference, live).PValue.ShouldBe(1);
        DriftStatistics.PopulationStability.Measure(reference, live).PValue.ShouldBeLessThan(1e-9);
    }
}
