namespace ServerlessMlops.Learners.Metrics;

/// <summary>Weights of rows by true class and decision.</summary>
public sealed class Confusion
{
    private Confusion(double[,] counts) => Counts = counts;

    /// <summary>By true class, then by decided class.</summary>
    public double[,] Counts { get; }

    /// <summary>Number of classes.</summary>
    public int Classes => Counts.GetLength(0);

    /// <summary>Decisions of two classes: positive from <paramref name="threshold"/> on.</summary>
    /// <param name="labels">1 or 0 by row.</param>
    /// <param name="probabilities">Of the positive class.</param>
    /// <param name="threshold">Least probability of a positive decision.</param>
    /// <param name="weights">Null means 1 each.</param>
    public static Confusion AtThreshold(ReadOnlySpan<float> labels, ReadOnlySpan<float> probabilities, double threshold = 0.5, float[]? weights = null)
    {
        MetricChecks.SameLength(labels.Length, probabilities.Length, weights);
        var counts = new double[2, 2];
        for (int row = 0; row < labels.Length; row++)
        {
            counts[labels[row] > 0.5f ? 1 : 0, probabilities[row] >= threshold ? 1 : 0] += weights is null ? 1 : weights[row];
        }

        return new Confusion(counts);
    }

    /// <summary>Decisions of several classes: the most probable one, the first of equals.</summary>
    /// <param name="labels">Class number by row.</param>
    /// <param name="probabilities">Row-major, <paramref name="classes"/> a row.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="weights">Null means 1 each.</param>
    public static Confusion OfMostProbable(ReadOnlySpan<float> labels, ReadOnlySpan<float> probabilities, int classes, float[]? weights = null)
    {
        MetricChecks.SameLength(labels.Length, probabilities.Length / classes, weights);
        var counts = new double[classes, classes];
        for (int row = 0; row < labels.Length; row++)
        {
            int decided = IndexOfLargest(probabilities.Slice(row * classes, classes));
            counts[(int)labels[row], decided] += weights is null ? 1 : weights[row];
        }

        return new Confusion(counts);
    }

    /// <summary>Sums of weights by cell, as <see cref="CellsOf"/> numbers them.</summary>
    internal static Confusion OfCells(ReadOnlySpan<double> sums, int classes)
    {
        var counts = new double[classes, classes];
        for (int cell = 0; cell < sums.Length; cell++)
        {
            counts[cell / classes, cell % classes] = sums[cell];
        }

        return new Confusion(counts);
    }

    /// <summary>The cell of each row, <c>true class * classes + decided class</c>: two classes with one probability a row by 0.5, others by the most probable.</summary>
    /// <param name="labels">Class number by row.</param>
    /// <param name="probabilities">Row-major.</param>
    /// <param name="classes">Number of classes.</param>
    public static int[] CellsOf(ReadOnlySpan<float> labels, ReadOnlySpan<float> probabilities, int classes)
    {
        bool single = classes == 2 && probabilities.Length == labels.Length;
        MetricChecks.SameLength(labels.Length, probabilities.Length / (single ? 1 : classes), null);
        var cells = new int[labels.Length];
        for (int row = 0; row < cells.Length; row++)
        {
            int decided = single ? probabilities[row] >= 0.5 ? 1 : 0 : IndexOfLargest(probabilities.Slice(row * classes, classes));
            cells[row] = ((int)labels[row] * classes) + decided;
        }

        return cells;
    }

    /// <summary>Share of right decisions.</summary>
    public double Accuracy
    {
        get
        {
            double right = 0, all = 0;
            for (int a = 0; a < Classes; a++)
            {
                right += Counts[a, a];
                for (int b = 0; b < Classes; b++)
                {
                    all += Counts[a, b];
                }
            }

            return right / all;
        }
    }

    /// <summary>Harmonic mean of precision and recall, <c>2 TP / (2 TP + FP + FN)</c>.</summary>
    public double F1(int of = 1) => Ratio(2 * Counts[of, of], Row(of) + Column(of));

    /// <summary>Mean of F1 over classes.</summary>
    public double MacroF1 => Enumerable.Range(0, Classes).Average(F1);

    /// <summary>
    /// Matthews correlation of truth and decision, for any number of classes (Gorodkin, Computational Biology and Chemistry 2004); 0 when
    /// either never varies.
    /// </summary>
    public double Mcc
    {
        get
        {
            double right = 0, all = 0, cross = 0, rows = 0, columns = 0;
            for (int k = 0; k < Classes; k++)
            {
                right += Counts[k, k];
                all += Row(k);
                cross += Row(k) * Column(k);
                rows += Row(k) * Row(k);
                columns += Column(k) * Column(k);
            }

            double scale = Math.Sqrt(((all * all) - columns) * ((all * all) - rows));
            return scale > 0 ? ((right * all) - cross) / scale : 0;
        }
    }

    private static int IndexOfLargest(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            best = values[i] > values[best] ? i : best;
        }

        return best;
    }

    private static double Ratio(double part, double whole) => whole > 0 ? part / whole : 0;

    private double Row(int of) => Enumerable.Range(0, Classes).Sum(k => Counts[of, k]);

    private double Column(int of) => Enumerable.Range(0, Classes).Sum(k => Counts[k, of]);
}
