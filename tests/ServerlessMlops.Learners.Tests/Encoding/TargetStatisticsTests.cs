using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Tests.Encoding;

public class TargetStatisticsTests
{
    private static readonly TargetStatisticsOptions Options = new() { Smoothing = 2, MinRows = 2, Folds = 4 };

    [Fact]
    public void Fit_Categories_AreSmoothedMeans_RareOnesAreUnknown_MissingIsNaN()
    {
        var feature = new CategoricalFeature("c", [0, 0, 0, 1, 1, 2, -1], ["a", "b", "rare"]);
        CategoryLookup lookup = TargetStatistics.Fit(0, feature, [1, 1, 0, 0, 0, 1, 1], null, Options);
        double mean = 3.0 / 6;
        lookup.Values[0].ShouldBe((float)((2 + (2 * mean)) / 5), 1e-6);
        lookup.Values[1].ShouldBe((float)((0 + (2 * mean)) / 4), 1e-6);
        lookup.Values[2].ShouldBe((float)mean, 1e-6);
        lookup.Unknown.ShouldBe((float)mean, 1e-6);
        lookup.Missing.ShouldBe(float.NaN);
    }

    [Fact]
    public void EncodeOutOfFold_OwnTarget_ChangesNothingForItsRow()
    {
        var random = new Random(8);
        int[] codes = [.. Enumerable.Range(0, 200).Select(_ => random.Next(-1, 5))];
        float[] y = [.. codes.Select(_ => random.NextSingle())];
        var feature = new CategoricalFeature("c", codes, ["a", "b", "c", "d", "e"]);
        float[] before = TargetStatistics.EncodeOutOfFold(feature, y, null, Options, 3);
        for (int row = 0; row < 200; row += 17)
        {
            float[] changed = [.. y];
            changed[row] += 1000;
            TargetStatistics.EncodeOutOfFold(feature, changed, null, Options, 3)[row].ShouldBe(before[row], 1e-6);
        }

        // A category of many rows is seen in training as it is in prediction.
        TargetStatisticsOptions settled = Options with { SettledRows = codes.Count(c => c == 0) };
        float[] encoded = TargetStatistics.EncodeOutOfFold(feature, y, null, settled, 3);
        CategoryLookup lookup = TargetStatistics.Fit(0, feature, y, null, settled);
        encoded.Where((_, row) => codes[row] == 0).Distinct().ShouldHaveSingleItem().ShouldBe(lookup.Values[0]);

        before.Where((_, row) => codes[row] < 0).ShouldAllBe(v => float.IsNaN(v));
    }
}
