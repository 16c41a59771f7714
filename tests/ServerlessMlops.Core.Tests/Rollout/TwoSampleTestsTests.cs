using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Core.Tests.Rollout;

/// <summary>Golden values: Fisher's by exact fractions, Mann-Whitney's by comparing every pair, means' by the error function, all outside this code base.</summary>
public sealed class TwoSampleTestsTests
{
    [Theory]
    [InlineData(3, 50, 1, 950, 0.00045513299423326095)]
    [InlineData(0, 50, 5, 950, 1.0)]
    [InlineData(12, 200, 20, 3800, 1.644847279045546e-08)]
    [InlineData(1, 20, 0, 20, 0.5)]
    [InlineData(40, 1000, 38, 1000, 0.45406889050884874)]
    [InlineData(7, 7, 0, 7, 0.0002913752913752914)]
    public void FisherGreater_GoldenCounts_EqualsTheExactTail(long failures, long total, long otherFailures, long otherTotal, double expected)
    {
        TestResult result = TwoSampleTests.FisherGreater(failures, total, otherFailures, otherTotal);

        result.PValue.ShouldBe(expected, expected * 1e-9);
        result.Effect.ShouldBe(((double)failures / total) - ((double)otherFailures / otherTotal), 1e-12);
    }

    [Fact]
    public void FisherGreater_MillionsOfRequests_IsFiniteAndFast() =>
        TwoSampleTests.FisherGreater(51_000, 5_000_000, 950_000, 95_000_000).PValue.ShouldBeInRange(0, 1e-3);

    [Theory]
    [InlineData(new long[] { 1, 4, 10, 5 }, new long[] { 10, 20, 15, 5 }, 0.6975, 0.00358958188314524)]
    [InlineData(new long[] { 5, 5, 5 }, new long[] { 5, 5, 5 }, 0.5, 0.5087699770298616)]
    [InlineData(new long[] { 20, 3, 0, 0 }, new long[] { 3, 10, 20, 7 }, 0.058695652173913045, 0.9999999994188088)]
    public void MannWhitneyGreater_GoldenGroups_EqualsThePairwiseTest(long[] counts, long[] others, double effect, double expected)
    {
        TestResult result = TwoSampleTests.MannWhitneyGreater(counts, others);

        result.Effect.ShouldBe(effect, 1e-12);
        result.PValue.ShouldBe(expected, 1e-12);
    }

    [Fact]
    public void MannWhitneyGreater_AllTied_IsNoEvidence() => TwoSampleTests.MannWhitneyGreater([0, 100], [0, 50]).PValue.ShouldBe(1);

    [Theory]
    [InlineData(0.35, 0.2275, 500, 0.3, 0.21, 9500, 0.02207411378866441)]
    [InlineData(2.0, 4.0, 50, 2.5, 9.0, 400, 0.11834981273562839)]
    public void MeansDiffer_GoldenSamples_EqualsTheNormalTail(double mean, double variance, double size, double otherMean, double otherVariance, double otherSize, double expected)
    {
        TestResult result = TwoSampleTests.MeansDiffer(new SampleMean(mean, variance, size), new SampleMean(otherMean, otherVariance, otherSize));

        result.PValue.ShouldBe(expected, 1e-10);
        TwoSampleTests.MeanGreater(new SampleMean(mean, variance, size), new SampleMean(otherMean, otherVariance, otherSize)).PValue
            .ShouldBe(mean > otherMean ? expected / 2 : 1 - (expected / 2), 1e-10);
    }
}
