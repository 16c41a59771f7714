using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>From a feature table to a boosted model: encodes categories, holds out rows for early stopping, boosts.</summary>
internal static class BoostingTraining
{
    /// <summary>With fewer rows a hold-out is too small to stop by, and too dear: rounds are found by cross-validation, and all rows are learned from.</summary>
    private const int CrossValidatedRows = 20_000;

    private const int FewestLeaves = 4;

    public static TrainedModel Train(
        LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes,
        ValidationSet? validation, IProgress<LearnerProgress>? progress, CancellationToken cancellation)
    {
        BoostingOptions boosting = options.BoostingOptions;
        if (boosting.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        var problem = new Problem(options, x.Inputs, task, classes);
        if (validation is null && boosting is { EarlyStoppingRounds: > 0, ValidationShare: > 0 })
        {
            if (x.Rows >= CrossValidatedRows)
            {
                (x, y, weights, validation) = HoldOut(x, y, weights, boosting.ValidationShare, options.Seed);
            }
            else if (x.Rows >= 2 * Folds.Count)
            {
                boosting = Settle(problem, new Rows(x, y, weights), progress, cancellation);
                problem = problem with { Options = options with { BoostingOptions = boosting } };
            }
        }

        using var crew = new WorkCrew(options.Threads);
        (BoostingRun run, List<EncodedColumn> columns) = Begin(problem, new Rows(x, y, weights), validation, crew);
        BoostingResult result = run.Run(progress is null ? null : new Relay(progress), cancellation);
        return new TrainedModel
        {
            Task = task, Learner = LearnerOptions.Boosting, Classes = classes, Inputs = problem.Inputs, Columns = columns,
            Predictor = result.Ensemble, Link = result.Link, Iterations = result.BestIteration,
            Settings = options with { BoostingOptions = boosting with { Iterations = Math.Max(1, result.BestIteration), EarlyStoppingRounds = 0 } },
        };
    }

    private sealed record Problem(LearnerOptions Options, IReadOnlyList<ModelInput> Inputs, LearningTask Task, IReadOnlyList<string> Classes);

    private sealed record Rows(FeatureTable X, float[] Y, float[]? Weights)
    {
        public Rows Select(int[] rows) =>
            new(X.Select(rows), FeatureTable.Take<float>(Y, rows), Weights is null ? null : FeatureTable.Take<float>(Weights, rows));
    }

    private static (BoostingRun Run, List<EncodedColumn> Columns) Begin(Problem problem, Rows train, ValidationSet? validation, WorkCrew crew)
    {
        LearnerOptions options = problem.Options;
        (List<EncodedColumn> columns, TrainingData encoded) = Encode(options, train, problem.Task, problem.Classes.Count);
        TrainingData? watched = validation is null
            ? null
            : new TrainingData(ColumnEncoder.Encode(columns, problem.Inputs, validation.Features), validation.Target, validation.Weights);
        var loss = Losses.Loss.Create(options.BoostingOptions, problem.Task, problem.Classes.Count);
        int[] monotonic = Monotonic(options.BoostingOptions, columns, problem.Inputs);
        var run = new BoostingRun(encoded, watched, loss, monotonic, options.BoostingOptions, options.Seed, crew);
        return (run, columns);
    }

    /// <summary>
    /// Settings for few rows: as many rounds as cross-validation finds worth doing, of trees of full or of a quarter of the leaves, whichever has the
    /// less loss. Few rows rarely bear large trees, and nobody should have to know when.
    /// </summary>
    private static BoostingOptions Settle(Problem problem, Rows rows, IProgress<LearnerProgress>? progress, CancellationToken cancellation)
    {
        BoostingOptions full = problem.Options.BoostingOptions, best = full;
        double bestLoss = double.PositiveInfinity;
        foreach (int leaves in (int[])[full.MaxLeaves, Math.Min(full.MaxLeaves, Math.Max(FewestLeaves, full.MaxLeaves / 4))])
        {
            if (leaves == full.MaxLeaves && double.IsFinite(bestLoss))
            {
                break;
            }

            BoostingOptions options = full with { MaxLeaves = leaves };
            EarlyStopping found = CrossValidate(problem with { Options = problem.Options with { BoostingOptions = options } }, rows, progress, cancellation);
            if (found.BestLoss < bestLoss || double.IsPositiveInfinity(bestLoss))
            {
                (bestLoss, best) = (found.BestLoss, options with { EarlyStoppingRounds = 0, Iterations = found.BestRound });
            }
        }

        return best;
    }

    /// <summary>
    /// The number of rounds with the least loss on rows not learned from, over all folds together. The folds go round by round side by side, so that
    /// none does more rounds than the whole is worth.
    /// </summary>
    private static EarlyStopping CrossValidate(Problem problem, Rows rows, IProgress<LearnerProgress>? progress, CancellationToken cancellation)
    {
        using var crew = new WorkCrew(Math.Min(Folds.Count, problem.Options.Threads));
        byte[] fold = Folds.Divide(rows.Y, problem.Task, problem.Options.Seed);
        var runs = new BoostingRun[Folds.Count];
        var alone = new WorkCrew[Folds.Count];
        try
        {
            crew.Run(Folds.Count, f =>
            {
                alone[f] = new WorkCrew(1);
                (int[] kept, int[] held) = Folds.Sides(fold, f);
                Rows judged = rows.Select(held);
                runs[f] = Begin(problem, rows.Select(kept), new ValidationSet(judged.X, judged.Y, judged.Weights), alone[f]).Run;
            });
            BoostingOptions options = problem.Options.BoostingOptions;
            var stopping = new EarlyStopping(options.EarlyStoppingRounds);
            bool goesOn = true;
            for (int round = 1; goesOn && round <= options.Iterations; round++)
            {
                var grew = new bool[Folds.Count];
                crew.Run(Folds.Count, f => grew[f] = runs[f].Step(cancellation));
                double loss = runs.Sum(r => r.ValidationLoss * r.ValidationWeight) / runs.Sum(r => r.ValidationWeight);
                goesOn = stopping.GoesOn(round, loss) && grew.Contains(true);
                progress?.Report(new LearnerProgress(round, options.Iterations, loss));
            }

            return stopping;
        }
        finally
        {
            foreach (WorkCrew? one in alone)
            {
                one?.Dispose();
            }
        }
    }

    private sealed class Relay(IProgress<LearnerProgress> to) : IProgress<BoostingProgress>
    {
        public void Report(BoostingProgress value) => to.Report(new LearnerProgress(value.Iteration, value.Iterations, value.ValidationLoss));
    }

    private static (FeatureTable X, float[] Y, float[]? Weights, ValidationSet Held) HoldOut(FeatureTable x, float[] y, float[]? weights, double share, int seed)
    {
        var kept = new List<int>();
        var held = new List<int>();
        for (int row = 0; row < x.Rows; row++)
        {
            (Hash.Unit(seed, Folds.Stream, row) < share ? held : kept).Add(row);
        }

        int[] k = [.. kept], h = [.. held];
        float[]? heldWeights = weights is null ? null : FeatureTable.Take<float>(weights, h);
        return (x.Select(k), FeatureTable.Take<float>(y, k), weights is null ? null : FeatureTable.Take<float>(weights, k),
            new ValidationSet(x.Select(h), FeatureTable.Take<float>(y, h), heldWeights));
    }

    /// <summary>The columns as prediction makes them, and as training sees them: target statistics out of fold.</summary>
    private static (List<EncodedColumn> Columns, TrainingData Encoded) Encode(LearnerOptions options, Rows train, LearningTask task, int classes)
    {
        (FeatureTable x, float[] y, float[]? weights) = train;
        var columns = new List<EncodedColumn>();
        var encoded = new List<float[]>();
        var codesOf = new List<byte[]?>();

        // Where rows are sampled, those left out walk through each tree, and walks read floats.
        bool walks = options.BoostingOptions.RowSample < 1;
        float[][] signals = Signals(y, task, classes, options.CategoryOptions.MaxClasses);
        for (int i = 0; i < x.Features.Count; i++)
        {
            if (x.Features[i] is NumericFeature number)
            {
                columns.Add(new PassThrough(i));
                encoded.Add(number.Values);
                codesOf.Add(null);
            }
        }

        for (int i = 0; i < x.Features.Count; i++)
        {
            if (x.Features[i] is CategoricalFeature category)
            {
                if (CategoryCoding.TryFit(i, category, options.CategoryOptions) is { } codes)
                {
                    columns.Add(codes);
                    encoded.Add(walks ? CategoryCoding.Encode(codes, category.Codes) : []);
                    codesOf.Add(walks ? null : CategoryCoding.EncodeBytes(codes, category.Codes));
                    continue;
                }

                foreach (float[] signal in signals)
                {
                    columns.Add(TargetStatistics.Fit(i, category, signal, weights, options.CategoryOptions));
                    encoded.Add(TargetStatistics.EncodeOutOfFold(category, signal, weights, options.CategoryOptions, options.Seed));
                    codesOf.Add(null);
                }
            }
        }

        return (columns, new TrainingData([.. encoded], y, weights, [.. columns.Select(c => c is CategoryCodes codes ? codes.Count : 0)]) { CategoryCodes = codesOf });
    }

    /// <summary>What statistics are taken of: the target, or membership in each of the most frequent classes.</summary>
    private static float[][] Signals(float[] y, LearningTask task, int classes, int maxClasses)
    {
        if (task != LearningTask.Multiclass)
        {
            return [y];
        }

        return [.. Enumerable.Range(0, classes)
            .OrderByDescending(k => y.Count(v => (int)v == k)).Take(maxClasses).Order()
            .Select(k => Array.ConvertAll(y, v => (int)v == k ? 1f : 0f))];
    }

    private static int[] Monotonic(BoostingOptions options, List<EncodedColumn> columns, IReadOnlyList<ModelInput> inputs)
    {
        foreach (string name in options.Monotonic.Keys)
        {
            if (!inputs.Any(i => i.Name == name && i.Kind == InputKind.Number))
            {
                throw new ArgumentException($"Monotonic names '{name}', which is not a number among the features; those are {string.Join(", ", inputs.Where(i => i.Kind == InputKind.Number).Select(i => i.Name))}.", nameof(options));
            }
        }

        return [.. columns.Select(c => c is PassThrough && options.Monotonic.TryGetValue(inputs[c.Input].Name, out int direction) ? direction : 0)];
    }
}
