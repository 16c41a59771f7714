using ServerlessMlops.Learners.Boosting.Losses;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>How far boosting has come.</summary>
/// <param name="Iteration">Rounds done.</param>
/// <param name="Iterations">Rounds at most.</param>
/// <param name="ValidationLoss">Mean loss on the validation rows after this round; NaN without such rows.</param>
public readonly record struct BoostingProgress(int Iteration, int Iterations, double ValidationLoss);

/// <summary>Encoded columns and labels.</summary>
/// <param name="Columns">One array a column; NaN is missing.</param>
/// <param name="Target">Class number or value by row.</param>
/// <param name="Weights">At least 0; null means 1 each.</param>
/// <param name="CategoryCounts">
/// By column: for one of category codes, how many there are, 1 to 256; its values are 0 ... count - 1, missing and unknown ones included. 0 for a number. Null means
/// numbers only.
/// </param>
public sealed record TrainingData(float[][] Columns, float[] Target, float[]? Weights = null, IReadOnlyList<int>? CategoryCounts = null)
{
    /// <summary>By column: category codes as bytes, where its floats are not needed and it is empty in <see cref="Columns"/>; else null.</summary>
    internal IReadOnlyList<byte[]?>? CategoryCodes { get; init; }
}

/// <summary>What boosting has made.</summary>
/// <param name="Ensemble">The trees that are kept: those up to the best round.</param>
/// <param name="Link">How its scores become outputs.</param>
/// <param name="BestIteration">Rounds kept.</param>
/// <param name="ValidationLosses">Mean loss on the validation rows by round; empty without such rows.</param>
public sealed record BoostingResult(TreeEnsemble Ensemble, Link Link, int BestIteration, IReadOnlyList<double> ValidationLosses);

/// <summary>
/// Histogram gradient boosting: each round, every row's loss is differentiated at its present score, and a tree is grown whose leaves step
/// against the gradient (Friedman, Greedy function approximation, Annals of Statistics 2001; Ke et al., LightGBM, NIPS 2017).
/// </summary>
/// <remarks>The same data, options and seed give the same trees, bit by bit, for any number of threads.</remarks>
public static class GradientBoosting
{
    /// <summary>Trains.</summary>
    /// <param name="train">At least one row.</param>
    /// <param name="validation">Rows for early stopping, or null for none.</param>
    /// <param name="task">What is learned.</param>
    /// <param name="classes">Number of classes; ignored for regression.</param>
    /// <param name="monotonic">By column 1, 0 or -1; null means 0 each.</param>
    /// <param name="options">Settings.</param>
    /// <param name="seed">Of the row and column samples.</param>
    /// <param name="threads">At least 1; changes the time that it takes, not the result.</param>
    /// <param name="progress">Told after every round, or null.</param>
    /// <param name="cancellation">Looked at before every tree.</param>
    /// <exception cref="ArgumentException">Options or data are not usable; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static BoostingResult Train(
        TrainingData train, TrainingData? validation, LearningTask task, int classes, int[]? monotonic, BoostingOptions options,
        int seed = 0, int threads = 1, IProgress<BoostingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        if (train.Target.Length is 0 or > PackedGradients.MaxRows)
        {
            throw new ArgumentException($"There are {train.Target.Length} rows; boosting expects 1 to {PackedGradients.MaxRows}.", nameof(train));
        }

        if (train.CategoryCounts is { } counts && (counts.Count != train.Columns.Length || counts.Any(c => c is < 0 or > CategorySet.MaxCodes)))
        {
            throw new ArgumentException($"There are {counts.Count} counts of categories, {string.Join(", ", counts.Take(8))}, for {train.Columns.Length} columns; expected one for each, 0 to {CategorySet.MaxCodes}.", nameof(train));
        }

        using var crew = new WorkCrew(threads);
        var loss = Loss.Create(options, task, classes);
        return new BoostingRun(train, validation, loss, monotonic ?? new int[train.Columns.Length], options, seed, crew).Run(progress, cancellation);
    }
}
