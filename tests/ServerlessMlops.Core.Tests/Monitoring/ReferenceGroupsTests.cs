using FsCheck;
using FsCheck.Fluent;
using ServerlessMlops.Core.Monitoring;

namespace ServerlessMlops.Core.Tests.Monitoring;

public class ReferenceGroupsTests
{
    [Fact]
    public void FromNumbers_DistinctValues_GroupsAreEquallyFrequent()
    {
        float[] values = [.. Enumerable.Range(1, 1000).Select(i => (float)i)];
        FeatureGroups groups = ReferenceGroups.FromNumbers("x", values, 10);
        groups.Edges.ShouldBe([100, 200, 300, 400, 500, 600, 700, 800, 900]);
        groups.Counts.ShouldBe([100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 0]);
        groups.Min.ShouldBe(1);
        groups.Max.ShouldBe(1000);
        groups.GroupCount.ShouldBe(11);
    }

    [Fact]
    public void FromNumbers_TwoValuesAndMissing_TwoGroupsAndMissing()
    {
        float[] values = [.. Enumerable.Repeat(0f, 90), .. Enumerable.Repeat(1f, 60), .. Enumerable.Repeat(float.NaN, 7)];
        FeatureGroups groups = ReferenceGroups.FromNumbers("flag", values);
        groups.Edges.ShouldBe([0]);
        groups.Counts.ShouldBe([90, 60, 7]);
    }

    [Fact]
    public void FromNumbers_NothingButMissing_OneEmptyGroup()
    {
        FeatureGroups groups = ReferenceGroups.FromNumbers("x", [float.NaN, float.NaN]);
        groups.Counts.ShouldBe([0, 2]);
        groups.Min.ShouldBeNull();
    }

    [Fact]
    public void FromNumbers_Infinities_AreCountedButNotTheRange()
    {
        float[] values = [float.NegativeInfinity, .. Enumerable.Range(1, 100).Select(i => (float)i), float.PositiveInfinity];
        FeatureGroups groups = ReferenceGroups.FromNumbers("x", values);
        (groups.Min, groups.Max).ShouldBe((1, 100));
        groups.Counts.Sum().ShouldBe(102);
    }

    [Fact]
    public void FromNumbers_TooManyGroups_SaysTheRange() =>
        Should.Throw<ArgumentOutOfRangeException>(() => ReferenceGroups.FromNumbers("x", [1f], 21)).Message.ShouldContain("Feature 'x': the number of groups is 1 to 20.");

    [Fact]
    public void FromNumbers_AnyColumn_NoRowIsLostAndEdgesAscend() => Prop.ForAll(
        ArbMap.Default.ArbFor<float[]>(),
        ArbMap.Default.ArbFor<int>().Filter(g => g is >= 1 and <= 20),
        (values, count) =>
        {
            FeatureGroups groups = ReferenceGroups.FromNumbers("x", values, count);
            bool ascending = groups.Edges.Zip(groups.Edges.Skip(1)).All(pair => pair.First < pair.Second);
            return ascending && groups.Counts.Count == groups.GroupCount && groups.Counts.Sum() == values.Length && groups.Edges.Count < count;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void FromCategories_ManyNames_KeepsTheNineteenMostFrequent()
    {
        string[] names = [.. Enumerable.Range(0, 30).Select(i => $"n{i:00}")];
        int[] codes = [.. Enumerable.Range(0, 30).SelectMany(code => Enumerable.Repeat(code, code + 1)), -1, -1];
        FeatureGroups groups = ReferenceGroups.FromCategories("c", codes, names);
        groups.Categories.Count.ShouldBe(19);
        groups.Categories[0].ShouldBe("n29");
        groups.Counts[^1].ShouldBe(2);
        groups.Counts[groups.RestGroup].ShouldBe(Enumerable.Range(1, 11).Sum());
        groups.Counts.Sum().ShouldBe(codes.Length);
    }

    [Fact]
    public void FromCategories_CodeWithoutName_IsRefused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => ReferenceGroups.FromCategories("c", [3], ["a"])).Message.ShouldContain("category code 3, but only 1 category name(s)");
}
