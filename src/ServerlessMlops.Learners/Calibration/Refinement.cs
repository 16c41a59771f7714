namespace ServerlessMlops.Learners.Calibration;

/// <summary>
/// Calibrates a trained model, finds its decision threshold and its interval, on scores that models of the same settings give to rows they have not seen: the
/// rows are divided into five parts, and each part is scored by a model of the others (one part only where there are many rows). The model itself keeps
/// what it learned from all rows; it is a little better than those that were looked at, so that intervals are rather too wide than too narrow.
/// </summary>
public static class Refinement
{
    /// <summary>From so many rows on, one part is enough to learn a few numbers from.</summary>
    private const int ManyRows = 20_000;

    /// <summary>The refined model.</summary>
    /// <param name="model">As training returned it, not refined yet.</param>
    /// <param name="options">What to do.</param>
    /// <param name="x">The rows that it was trained on.</param>
    /// <param name="y">Their labels.</param>
    /// <param name="threads">At least 1; changes the time, never the model.</param>
    /// <param name="cancellation">Looked at before every training.</param>
    public static TrainedModel Apply(
        TrainedModel model, RefinementOptions options, FeatureTable x, float[] y, int threads = 1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (!options.Applies(model.Task) || x.Rows < 2 * Folds.Count)
        {
            return model;
        }

        (float[] labels, float[] scores) = ScoreUnseen(model, x, y, threads, cancellation);
        if (model.Task == LearningTask.Regression)
        {
            LinkFunction.Apply(model.Link, scores, scores.Length, scores.Length, 1);
            var interval = ConformalInterval.Fit(labels, scores, options.Coverage);
            return double.IsFinite(interval.HalfWidth) ? model with { Interval = interval } : model;
        }

        TrainedModel refined = Calibrated(model, options.Calibration, labels, scores);
        if (model.Task != LearningTask.Binary || options.Costs is not { } costs)
        {
            return refined;
        }

        if (refined.Calibrator is { } calibrator)
        {
            calibrator.Apply(refined.Link, scores, scores.Length, scores.Length, 1);
        }
        else
        {
            LinkFunction.Apply(refined.Link, scores, scores.Length, scores.Length, 1);
        }

        return refined with { Threshold = DecisionThreshold.Find(labels, scores, costs).Threshold };
    }

    private static TrainedModel Calibrated(TrainedModel model, CalibrationMethod method, float[] labels, float[] scores)
    {
        // A constant has nothing to calibrate, and one class alone tells nothing.
        if (method == CalibrationMethod.None || model.Columns.Count == 0 || labels.Distinct().Count() < 2)
        {
            return model;
        }

        return model with
        {
            Calibrator = model.Task == LearningTask.Multiclass ? CalibrationFit.Temperature(labels, scores, model.Classes.Count)
                : method == CalibrationMethod.Platt ? CalibrationFit.Platt(labels, scores)
                : CalibrationFit.Isotonic(labels, scores),
        };
    }

    /// <summary>Labels and raw scores, row-major, of rows by models that have not seen them.</summary>
    private static (float[] Labels, float[] Scores) ScoreUnseen(TrainedModel model, FeatureTable x, float[] y, int threads, CancellationToken cancellation)
    {
        LearnerOptions settings = model.Settings with { Threads = threads };
        byte[] fold = Folds.Divide(y, model.Task, settings.Seed);
        var (labels, scores) = (new List<float>(), new List<float>());
        for (int part = 0; part < (x.Rows >= ManyRows ? 1 : Folds.Count); part++)
        {
            cancellation.ThrowIfCancellationRequested();
            (int[] kept, int[] held) = Folds.Sides(fold, part);
            TrainedModel other = Learner.Train(
                settings, x.Select(kept), FeatureTable.Take<float>(y, kept), model.Task, model.Classes, cancellation: cancellation);
            labels.AddRange(FeatureTable.Take<float>(y, held));
            scores.AddRange(other.Score(x.Select(held)));
        }

        return ([.. labels], [.. scores]);
    }
}
