using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>From a feature table to a boosted model: encodes categories, holds out rows for early stopping, boosts.</summary>
internal static class BoostingTraining
{
    private const int HoldOutStream = 4242;

    /// <summary>With fewer rows held out, their loss is too noisy to stop by.</summary>
    private const int LeastHoldOut = 50;

    public static TrainedModel Train(
        LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes,
        ValidationSet? validation, IProgress<LearnerProgress>? progress, CancellationToken cancellation)
    {
        BoostingOptions boosting = options.BoostingOptions;
        if (boosting.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        IReadOnlyList<ModelInput> inputs = x.Inputs;
        if (validation is null && boosting.EarlyStoppingRounds > 0 && boosting.ValidationShare * x.Rows >= LeastHoldOut)
        {
            (x, y, weights, validation) = HoldOut(x, y, weights, boosting.ValidationShare, options.Seed);
        }

        (List<EncodedColumn> columns, float[][] encoded) = Encode(options, x, y, weights, task, classes.Count);
        int[] monotonic = Monotonic(boosting, columns, inputs);
        TrainingData? watched = validation is null
            ? null
            : new TrainingData(ColumnEncoder.Encode(columns, inputs, validation.Features), validation.Target, validation.Weights);
        var relay = progress is null ? null : new Relay(progress);
        BoostingResult result = GradientBoosting.Train(
            new TrainingData(encoded, y, weights), watched, task, classes.Count, monotonic, boosting, options.Seed, options.Threads, relay, cancellation);
        return new TrainedModel
        {
            Task = task, Learner = LearnerOptions.Boosting, Classes = classes, Inputs = inputs, Columns = columns,
            Predictor = result.Ensemble, Link = result.Link, Iterations = result.BestIteration,
        };
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
            (Hash.Unit(seed, HoldOutStream, row) < share ? held : kept).Add(row);
        }

        int[] k = [.. kept], h = [.. held];
        float[]? heldWeights = weights is null ? null : FeatureTable.Take<float>(weights, h);
        return (x.Select(k), FeatureTable.Take<float>(y, k), weights is null ? null : FeatureTable.Take<float>(weights, k),
            new ValidationSet(x.Select(h), FeatureTable.Take<float>(y, h), heldWeights));
    }

    /// <summary>The columns as prediction makes them, and as training sees them: categories out of fold.</summary>
    private static (List<EncodedColumn> Columns, float[][] Encoded) Encode(
        LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, int classes)
    {
        var columns = new List<EncodedColumn>();
        var encoded = new List<float[]>();
        float[][] signals = Signals(y, task, classes, options.CategoryOptions.MaxClasses);
        for (int i = 0; i < x.Features.Count; i++)
        {
            if (x.Features[i] is NumericFeature number)
            {
                columns.Add(new PassThrough(i));
                encoded.Add(number.Values);
            }
        }

        for (int i = 0; i < x.Features.Count; i++)
        {
            if (x.Features[i] is CategoricalFeature category)
            {
                foreach (float[] signal in signals)
                {
                    columns.Add(TargetStatistics.Fit(i, category, signal, weights, options.CategoryOptions));
                    encoded.Add(TargetStatistics.EncodeOutOfFold(category, signal, weights, options.CategoryOptions, options.Seed));
                }
            }
        }

        return (columns, [.. encoded]);
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
