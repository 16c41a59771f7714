namespace ServerlessMlops.Learners.Metrics;

/// <summary>A metric made ready for many weightings of the same rows: what hangs on labels and predictions alone is computed once.</summary>
public abstract class PreparedMetric
{
    /// <summary>The metric with these weights; equal to <see cref="Metric.Compute"/> up to rounding.</summary>
    /// <param name="weights">By row, at least 0.</param>
    public abstract double Compute(ReadOnlySpan<float> weights);
}

/// <summary>
/// The metrics of one model on one set of rows, made ready for many weightings. Resampling needs hundreds of weightings of the same rows; sorting by
/// score, taking logarithms and deciding happen here once, so that a weighting costs one pass over the rows.
/// </summary>
public sealed class PreparedMetrics
{
    private readonly float[] _labels;
    private readonly float[] _predictions;
    private readonly int _classes;
    private readonly Lazy<ScoreOrder> _order;
    private readonly Lazy<int[]> _cells;

    /// <param name="labels">Class number or value by row. Kept, not copied.</param>
    /// <param name="predictions">Row-major, as models give them. Kept, not copied.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    public PreparedMetrics(float[] labels, float[] predictions, int classes)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(predictions);
        _labels = labels;
        _predictions = predictions;
        _classes = classes;
        _order = new Lazy<ScoreOrder>(() => new ScoreOrder(labels, predictions));
        _cells = new Lazy<int[]>(() => Confusion.CellsOf(labels, predictions, classes));
    }

    /// <summary>A metric of these rows, ready.</summary>
    public PreparedMetric Prepare(Metric metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return metric.Name switch
        {
            "auc" => new Ranked(_order.Value, static (rows, weights) => rows.Auc(weights)),
            "pr_auc" => new Ranked(_order.Value, static (rows, weights) => rows.PrAuc(weights)),
            "lift" => new Ranked(_order.Value, static (rows, weights) => rows.Lift(0.1, weights)),
            "accuracy" => new Decided(_cells.Value, _classes, static c => c.Accuracy),
            "f1" => new Decided(_cells.Value, _classes, static c => c.Classes == 2 ? c.F1() : c.MacroF1),
            "mcc" => new Decided(_cells.Value, _classes, static c => c.Mcc),
            "log_loss" or "brier" or "mae" or "mape" => new MeanLoss(Losses(metric), squareRoot: false),
            "rmse" => new MeanLoss(SquaredErrors(), squareRoot: true),
            "r2" => new ExplainedVariance(_labels, SquaredErrors()),
            _ => new Any(metric, _labels, _predictions, _classes),
        };
    }

    /// <summary>The metric of each row alone, for those that are means over rows.</summary>
    private double[] Losses(Metric metric)
    {
        int width = _labels.Length == 0 ? 1 : _predictions.Length / _labels.Length;
        var losses = new double[_labels.Length];
        for (int row = 0; row < losses.Length; row++)
        {
            losses[row] = metric.Compute(_labels.AsSpan(row, 1), _predictions.AsSpan(row * width, width), _classes, null);
        }

        return losses;
    }

    private double[] SquaredErrors()
    {
        var errors = new double[_labels.Length];
        for (int row = 0; row < errors.Length; row++)
        {
            double error = (double)_labels[row] - _predictions[row];
            errors[row] = error * error;
        }

        return errors;
    }

    private sealed class Ranked(ScoreOrder order, Func<ScoreOrder, ReadOnlyMemory<float>, double> compute) : PreparedMetric
    {
        [ThreadStatic]
        private static float[]? _sorted;

        public override double Compute(ReadOnlySpan<float> weights)
        {
            if (_sorted is null || _sorted.Length < weights.Length)
            {
                _sorted = new float[weights.Length];
            }

            order.Arrange(weights, _sorted);
            return compute(order, _sorted.AsMemory(0, weights.Length));
        }
    }

    private sealed class Decided(int[] cells, int classes, Func<Confusion, double> compute) : PreparedMetric
    {
        public override double Compute(ReadOnlySpan<float> weights)
        {
            var sums = new double[classes * classes];
            for (int row = 0; row < cells.Length; row++)
            {
                sums[cells[row]] += weights[row];
            }

            return compute(Confusion.OfCells(sums, classes));
        }
    }

    private sealed class MeanLoss(double[] losses, bool squareRoot) : PreparedMetric
    {
        public override double Compute(ReadOnlySpan<float> weights)
        {
            double sum = 0, total = 0;
            for (int row = 0; row < losses.Length; row++)
            {
                sum += weights[row] * losses[row];
                total += weights[row];
            }

            return squareRoot ? Math.Sqrt(sum / total) : sum / total;
        }
    }

    private sealed class ExplainedVariance(float[] labels, double[] squaredErrors) : PreparedMetric
    {
        private readonly double _centre = labels.Length == 0 ? 0 : labels.Average(y => (double)y);

        public override double Compute(ReadOnlySpan<float> weights)
        {
            double error = 0, total = 0, sum = 0, square = 0;
            for (int row = 0; row < labels.Length; row++)
            {
                double weight = weights[row], y = labels[row] - _centre;
                error += weight * squaredErrors[row];
                total += weight;
                sum += weight * y;
                square += weight * y * y;
            }

            double variance = square - (sum * sum / total);
            return variance > 0 ? 1 - (error / variance) : double.NaN;
        }
    }

    private sealed class Any(Metric metric, float[] labels, float[] predictions, int classes) : PreparedMetric
    {
        public override double Compute(ReadOnlySpan<float> weights) => metric.Compute(labels, predictions, classes, weights.ToArray());
    }
}
