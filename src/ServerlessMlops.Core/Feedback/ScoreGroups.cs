namespace ServerlessMlops.Core.Feedback;

/// <summary>
/// Groups of a probability, evenly spaced by its log odds (a quarter each, from -9 to 9), so that areas under the curve read from counts are as
/// sharp for rare outcomes, where all probabilities are small, as for frequent ones.
/// </summary>
public static class ScoreGroups
{
    /// <summary>Number of groups: 72 between the ends, and one below and above.</summary>
    public const int Count = 74;

    private const double Lowest = -9;
    private const double Step = 0.25;

    /// <summary>The group of a probability, 0 to <see cref="Count"/> - 1, ascending.</summary>
    public static int Of(double probability)
    {
        double odds = Math.Log(probability / (1 - probability));
        return double.IsNaN(odds) ? 0 : (int)Math.Clamp(Math.Floor((odds - Lowest) / Step) + 1, 0, Count - 1);
    }
}
