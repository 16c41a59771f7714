using System.Text;
using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Core.Tests.Rollout;

public sealed class TrafficSplitTests
{
    [Theory]
    [InlineData(0.01)]
    [InlineData(0.05)]
    [InlineData(0.25)]
    [InlineData(0.5)]
    public void TakesChallenger_ManyKeys_ShareWithinBinomialBounds(double share)
    {
        const int Keys = 100_000;
        var split = new TrafficSplit("4f2a", share);

        int taken = Enumerable.Range(0, Keys).Count(i => split.TakesChallenger(Key($"customer-{i}")));

        // Five standard errors: a false failure once in 1.7 million keys' worth of salts, and the salt is fixed.
        ((double)taken / Keys).ShouldBe(share, 5 * Math.Sqrt(share * (1 - share) / Keys));
    }

    [Fact]
    public void PlaceOf_ShortSequentialKeys_FillsTheLineEvenly()
    {
        var split = new TrafficSplit("salt", 0.5);
        var cells = new long[100];
        for (int i = 0; i < 100_000; i++)
        {
            cells[(int)(split.PlaceOf(Key($"{i}")) * cells.Length)]++;
        }

        double chiSquare = cells.Sum(cell => Math.Pow(cell - 1000, 2) / 1000);
        chiSquare.ShouldBeLessThan(Core.Monitoring.Statistics.Distributions.ChiSquareQuantile(1e-6, 99));
    }

    [Fact]
    public void TakesChallenger_GrowingShare_KeepsWhomItHad()
    {
        var few = new TrafficSplit("salt", 0.05);
        var more = new TrafficSplit("salt", 0.25);

        for (int i = 0; i < 20_000; i++)
        {
            if (few.TakesChallenger(Key($"k{i}")))
            {
                more.TakesChallenger(Key($"k{i}")).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void TakesChallenger_AnotherSalt_PutsOthersFirst()
    {
        var first = new TrafficSplit("a", 0.1);
        var second = new TrafficSplit("b", 0.1);
        string[] keys = [.. Enumerable.Range(0, 20_000).Select(i => $"k{i}")];

        int both = keys.Count(k => first.TakesChallenger(Key(k)) && second.TakesChallenger(Key(k)));

        // Independent: 1% of the keys, give or take.
        both.ShouldBeInRange(130, 270);
    }

    [Fact]
    public void TakesChallenger_ShareOfNoneAndAll_IsNoneAndAll()
    {
        Enumerable.Range(0, 1000).Any(i => new TrafficSplit("s", 0).TakesChallenger(Key($"{i}"))).ShouldBeFalse();
        Enumerable.Range(0, 1000).All(i => new TrafficSplit("s", 1).TakesChallenger(Key($"{i}"))).ShouldBeTrue();
    }

    private static byte[] Key(string key) => Encoding.UTF8.GetBytes(key);
}
