using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Learners.Search;

/// <summary>A trial of a search: settings and how much training they are given.</summary>
/// <param name="Number">0, 1, 2 ...; the settings follow from the search's seed and this number alone.</param>
/// <param name="Rung">Stage of successive halving, from 0.</param>
/// <param name="Options">The settings, rounds of this stage included.</param>
public sealed record SearchTrial(int Number, int Rung, BoostingOptions Options);

/// <summary>How a trial fared.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="Loss">Of its model on the validation rows, smaller is better; NaN for a trial that failed.</param>
public sealed record SearchOutcome(SearchTrial Trial, double Loss);

/// <summary>
/// Random draws of boosting's settings (Bergstra and Bengio, Random search for hyper-parameter optimization, JMLR 2012). Trial 0 is the defaults, so a search
/// never ends worse on the validation rows than no search.
/// </summary>
public static class SearchSpace
{
    /// <summary>The settings of a trial.</summary>
    /// <param name="defaults">What is not searched, and trial 0.</param>
    /// <param name="seed">Of the search.</param>
    /// <param name="number">Of the trial.</param>
    public static BoostingOptions Draw(BoostingOptions defaults, int seed, int number)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        if (number == 0)
        {
            return defaults;
        }

        int dimension = 0;
        return defaults with
        {
            LearningRate = Round(LogUniform(0.02, 0.3)),
            MaxLeaves = (int)LogUniform(6, 64),
            MinSamplesLeaf = (int)LogUniform(5, 100),
            L2 = Round(LogUniform(0.1, 30)),
            RowSample = Round(0.6 + (0.4 * Next())),
            ColumnSample = Round(0.5 + (0.5 * Next())),
            MaxDepth = Next() < 0.5 ? 0 : 3 + (int)(6 * Next()),
        };

        double Next() => Hash.Unit(seed, 1_000_003 + dimension++, number);

        double LogUniform(double low, double high) => Math.Exp(Math.Log(low) + ((Math.Log(high) - Math.Log(low)) * Next()));

        // Three digits, so that a recorded list of settings reads back as the same settings.
        static double Round(double x) => Math.Round(x, 3);
    }
}
