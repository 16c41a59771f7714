using ServerlessMlops.Learners.Boosting.Losses;
using ServerlessMlops.Learners.Linear;

namespace ServerlessMlops.Learners;

/// <summary>Models that predict a constant: what every other model must beat.</summary>
public static class Baseline
{
    private const double NewestShare = 0.2;

    /// <summary>
    /// The constant with the least loss: the share of each class, the mean, or what <see cref="Boosting.BoostingOptions.Loss"/> asks for (median, quantile).
    /// Arguments as those of <see cref="Learner.Train"/>.
    /// </summary>
    internal static TrainedModel Train(LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes)
    {
        var loss = Loss.Create(options.BoostingOptions, task, classes.Count);
        return Constant(options, x, task, classes, loss.BaseScores(new Labels(y, weights)), loss.Link);
    }

    /// <summary>
    /// Regression on rows with a time: the last value, if it would have foretold the newest fifth of the rows with a smaller squared error than the mean of those
    /// before, else the mean. The last value is the mean of the rows of the newest instant. A value that wanders is foretold better by where it stands than by where
    /// it used to be (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., 5.2, the mean and the naive method).
    /// </summary>
    /// <param name="options">Settings.</param>
    /// <param name="x">Features.</param>
    /// <param name="y">Values by row, finite.</param>
    /// <param name="times">Instants by row, in any unit; negative infinity where a row has none.</param>
    /// <exception cref="ArgumentException">There is not one time for each row.</exception>
    public static TrainedModel TrainOverTime(LearnerOptions options, FeatureTable x, float[] y, IReadOnlyList<double> times)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        ArgumentNullException.ThrowIfNull(times);
        LabelChecks.Check(x.Rows, y, null, LearningTask.Regression, [], "training");
        if (times.Count != y.Length)
        {
            throw new ArgumentException($"There are {times.Count} times for {y.Length} rows; expected one for each.", nameof(times));
        }

        double[] sorted = [.. times.Order()];
        double cut = sorted[Math.Max(0, (int)(sorted.Length * (1 - NewestShare)) - 1)];
        int[] before = [.. Enumerable.Range(0, y.Length).Where(row => times[row] <= cut)];
        int[] newest = [.. Enumerable.Range(0, y.Length).Where(row => times[row] > cut)];
        double mean = before.Average(row => (double)y[row]), last = LastOf(before);
        return newest.Sum(row => Square(y[row] - last)) < newest.Sum(row => Square(y[row] - mean))
            ? Constant(options, x, LearningTask.Regression, [], [(float)LastOf([.. Enumerable.Range(0, y.Length)])], Link.Identity)
            : Train(options, x, y, null, LearningTask.Regression, []);

        double LastOf(int[] rows)
        {
            double newestInstant = rows.Max(row => times[row]);
            return rows.Where(row => times[row] == newestInstant).Average(row => (double)y[row]);
        }
    }

    private static double Square(double value) => value * value;

    private static TrainedModel Constant(LearnerOptions options, FeatureTable x, LearningTask task, IReadOnlyList<string> classes, float[] scores, Link link) => new()
    {
        Task = task, Learner = LearnerOptions.Baseline, Classes = classes, Inputs = x.Inputs, Columns = [], Settings = options,
        Predictor = new LinearPredictor([.. scores.Select(_ => Array.Empty<float>())], scores), Link = link,
    };
}
