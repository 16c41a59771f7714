using System.Text.Json;
using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Tests.Monitoring.Drift;

namespace ServerlessMlops.Core.Tests.Monitoring.Statistics;

public class DistributionsTests
{
    [Fact]
    public void Tails_GoldenArguments_AreWhatSciPySays()
    {
        foreach (JsonElement row in Golden.Of("chiSquareTail").EnumerateArray())
        {
            Near(Distributions.ChiSquareTail(row[0].GetDouble(), row[1].GetInt32()), row[2].GetDouble());
        }

        foreach (JsonElement row in Golden.Of("kolmogorovTail").EnumerateArray())
        {
            Near(Distributions.KolmogorovTail(row[0].GetDouble()), row[1].GetDouble());
        }

        foreach (JsonElement row in Golden.Of("normalTail").EnumerateArray())
        {
            Near(Distributions.NormalTail(row[0].GetDouble()), row[1].GetDouble());
        }

        static void Near(double actual, double expected) => actual.ShouldBe(expected, Math.Max(1e-14, expected * 1e-10));
    }

    [Theory]
    [InlineData(0.05, 1)]
    [InlineData(0.001, 20)]
    [InlineData(0.9, 3)]
    public void ChiSquareQuantile_OfTail_ReturnsToTheTail(double tail, int degreesOfFreedom) =>
        Distributions.ChiSquareTail(Distributions.ChiSquareQuantile(tail, degreesOfFreedom), degreesOfFreedom).ShouldBe(tail, 1e-9);

    [Fact]
    public void Correct_Golden_IsTheDefinition()
    {
        double[] raw = Golden.Of("corrected").GetProperty("raw").Deserialize<double[]>()!;
        double[] expected = Golden.Of("corrected").GetProperty("adjusted").Deserialize<double[]>()!;
        double[] actual = BenjaminiHochberg.Correct(raw);
        for (int i = 0; i < raw.Length; i++)
        {
            actual[i].ShouldBe(expected[i], 1e-12);
        }
    }
}
