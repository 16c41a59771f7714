using System.Globalization;
using System.Text;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Core.Tests.Scoring;

public class SinglePrecisionTests
{
    [Fact]
    public void TryParse_RandomNumbers_IsTheDoubleRounded()
    {
        var random = new Random(7);
        for (int i = 0; i < 300_000; i++)
        {
            string text = (i % 5) switch
            {
                0 => random.NextDouble().ToString("R", CultureInfo.InvariantCulture),
                1 => ((float)((random.NextDouble() - 0.5) * 1e4)).ToString("R", CultureInfo.InvariantCulture),
                2 => ((double)(float)(random.NextDouble() * 10)).ToString("R", CultureInfo.InvariantCulture),
                3 => BitConverter.Int64BitsToDouble(random.NextInt64() & ~(1L << 62)).ToString("R", CultureInfo.InvariantCulture),
                _ => random.NextInt64(-1_000_000_000_000_000_000, 1_000_000_000_000_000_000).ToString(CultureInfo.InvariantCulture),
            };
            SinglePrecision.TryParse(Encoding.UTF8.GetBytes(text), out float value).ShouldBeTrue(text);
            value.ShouldBe((float)double.Parse(text, CultureInfo.InvariantCulture), text);
        }
    }

    [Fact]
    public void TryParse_HalfwayBetweenTwoSingles_IsRoundedAsTheDoubleIs()
    {
        // Midpoints of neighbouring singles, and one digit to either side: where a hasty rounding goes wrong.
        var random = new Random(11);
        for (int i = 0; i < 50_000; i++)
        {
            float low = (float)(random.NextDouble() * 1000);
            double middle = ((double)low + BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(low) + 1)) / 2;
            foreach (double near in (double[])[middle, Math.BitIncrement(middle), Math.BitDecrement(middle)])
            {
                string text = near.ToString("R", CultureInfo.InvariantCulture);
                SinglePrecision.TryParse(Encoding.UTF8.GetBytes(text), out float value).ShouldBeTrue(text);
                value.ShouldBe((float)near, text);
            }
        }
    }

    [Theory]
    [InlineData("0", 0f)]
    [InlineData("-0", 0f)]
    [InlineData("-0.0", 0f)]
    [InlineData("1e39", float.PositiveInfinity)]
    [InlineData("123456789012345678901234567890", 1.2345679e29f)]
    [InlineData("0.000000000000000000000000000001", 1e-30f)]
    public void TryParse_Edges_AreExact(string text, float expected)
    {
        SinglePrecision.TryParse(Encoding.UTF8.GetBytes(text), out float value).ShouldBeTrue();
        value.ShouldBe(expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1.5x")]
    [InlineData("abc")]
    [InlineData("NaN")]
    [InlineData("1 2")]
    public void TryParse_NotANumber_IsRefused(string text) =>
        SinglePrecision.TryParse(Encoding.UTF8.GetBytes(text), out _).ShouldBeFalse();
}
