using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring;

/// <summary>Live traffic made for tests.</summary>
internal static class Traffic
{
    public static readonly DateTimeOffset Until = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A window of rows like those of <see cref="Cards.Binary"/>, <paramref name="number"/> and <paramref name="category"/> aside.</summary>
    public static WindowSums Window(ModelCard card, int rows, int seed, Func<Random, float>? number = null, Func<Random, int>? category = null, Func<Random, double>? output = null)
    {
        var random = new Random(seed);
        var counter = new WindowCounter(card, 1, "i");
        for (int i = 0; i < rows; i++)
        {
            counter.CountNumber(0, number?.Invoke(random) ?? random.NextSingle());
            counter.CountCategory(1, category?.Invoke(random) ?? (random.Next(100) switch { < 60 => 0, < 90 => 1, _ => 2 }));
            counter.CountOutput(output?.Invoke(random) ?? random.NextSingle());
            counter.CountRequest(TimeSpan.FromMilliseconds(2), 200);
        }

        return counter.TakeSnapshot(Until)?.Sums ?? WindowSums.Empty(card);
    }

    public static WindowRow Row(WindowSums sums, DateTimeOffset minute) => new("birds", 1, "i", 1, minute, sums);
}
