namespace ServerlessMlops.Learners.Calibration;

/// <summary>Learns calibrations from rows that the model was not trained on.</summary>
public static class CalibrationFit
{
    private const int MaxSteps = 100;

    /// <summary>
    /// Platt scaling of two classes: the slope and intercept with the least log loss, by Newton steps on targets smoothed as Platt proposes,
    /// <c>(N+ + 1) / (N+ + 2)</c> and <c>1 / (N- + 2)</c> (numerically after Lin, Lin and Weng, Machine Learning 2007).
    /// </summary>
    /// <param name="labels">1 or 0 by row; both must occur.</param>
    /// <param name="scores">Raw scores (log-odds) by row.</param>
    /// <returns>The calibrator, or null where scores do not rise with the labels: then there is nothing to trust.</returns>
    public static PlattCalibrator? Platt(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores)
    {
        int positives = CountPositives(labels, scores.Length);
        double high = (positives + 1.0) / (positives + 2.0), low = 1.0 / (labels.Length - positives + 2.0);
        double a = 1, b = 0, loss = Loss(labels, scores, a, b, high, low);
        for (int step = 0; step < MaxSteps; step++)
        {
            double ga = 0, gb = 0, haa = 1e-12, hab = 0, hbb = 1e-12;
            for (int row = 0; row < labels.Length; row++)
            {
                double s = scores[row], p = 1 / (1 + Math.Exp(-((a * s) + b)));
                double error = p - (labels[row] > 0.5f ? high : low), w = p * (1 - p);
                ga += error * s;
                gb += error;
                haa += w * s * s;
                hab += w * s;
                hbb += w;
            }

            if (Math.Abs(ga) < 1e-7 * labels.Length && Math.Abs(gb) < 1e-7 * labels.Length)
            {
                break;
            }

            double determinant = (haa * hbb) - (hab * hab);
            double da = -((hbb * ga) - (hab * gb)) / determinant, db = -((haa * gb) - (hab * ga)) / determinant;
            double scale = 1, next = Loss(labels, scores, a + da, b + db, high, low);
            while (!(next < loss) && scale > 1e-10)
            {
                scale /= 2;
                next = Loss(labels, scores, a + (scale * da), b + (scale * db), high, low);
            }

            if (!(next < loss))
            {
                break;
            }

            (a, b, loss) = (a + (scale * da), b + (scale * db), next);
        }

        return a > 0 ? new PlattCalibrator((float)a, (float)b) : null;
    }

    /// <summary>
    /// Isotonic regression of two classes by pooling adjacent violators (Ayer et al., Annals of Mathematical Statistics 1955): the rising step function
    /// with the least squared error. Steps end halfway between scores.
    /// </summary>
    /// <param name="labels">1 or 0 by row; both must occur.</param>
    /// <param name="scores">Raw scores by row.</param>
    /// <param name="weights">Null means 1 each.</param>
    public static IsotonicCalibrator Isotonic(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, float[]? weights = null)
    {
        CountPositives(labels, scores.Length);
        float[] keys = scores.ToArray();
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);
        var blocks = new List<(double Sum, double Weight, float First, float Last)>();
        for (int i = 0; i < order.Length; i++)
        {
            double weight = weights is null ? 1 : weights[order[i]];
            double sum = weight * (labels[order[i]] > 0.5f ? 1 : 0);
            if (blocks.Count > 0 && blocks[^1].Last.Equals(keys[i]))
            {
                (double Sum, double Weight, float First, float Last) tied = blocks[^1];
                blocks[^1] = (tied.Sum + sum, tied.Weight + weight, tied.First, tied.Last);
            }
            else
            {
                Pool(blocks);
                blocks.Add((sum, weight, keys[i], keys[i]));
            }
        }

        Pool(blocks);
        var thresholds = new List<float>();
        for (int i = 0; i + 1 < blocks.Count; i++)
        {
            float middle = (float)((blocks[i].Last * 0.5) + (blocks[i + 1].First * 0.5));
            thresholds.Add(middle >= blocks[i].Last && middle < blocks[i + 1].First ? middle : blocks[i].Last);
        }

        return new IsotonicCalibrator([.. thresholds], [.. blocks.Select(b => (float)(b.Sum / b.Weight))]);
    }

    /// <summary>Temperature scaling of several classes: the factor on raw scores with the least log loss, by golden-section search over its logarithm.</summary>
    /// <param name="labels">Class number by row.</param>
    /// <param name="scores">Raw scores, row-major.</param>
    /// <param name="classes">Number of classes.</param>
    public static PlattCalibrator Temperature(float[] labels, float[] scores, int classes)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(scores);
        double golden = (Math.Sqrt(5) - 1) / 2, low = Math.Log(0.05), high = Math.Log(20);
        while (high - low > 1e-5)
        {
            double left = high - (golden * (high - low)), right = low + (golden * (high - low));
            if (SoftmaxLoss(labels, scores, classes, Math.Exp(left)) < SoftmaxLoss(labels, scores, classes, Math.Exp(right)))
            {
                high = right;
            }
            else
            {
                low = left;
            }
        }

        return new PlattCalibrator((float)Math.Exp((low + high) / 2), 0);
    }

    /// <summary>Merges the last block into those before it while it is not above them.</summary>
    private static void Pool(List<(double Sum, double Weight, float First, float Last)> blocks)
    {
        while (blocks.Count > 1 && blocks[^1].Sum * blocks[^2].Weight <= blocks[^2].Sum * blocks[^1].Weight)
        {
            (double Sum, double Weight, float First, float Last) last = blocks[^1], before = blocks[^2];
            blocks.RemoveAt(blocks.Count - 1);
            blocks[^1] = (before.Sum + last.Sum, before.Weight + last.Weight, before.First, last.Last);
        }
    }

    private static double Loss(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, double a, double b, double high, double low)
    {
        double loss = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            double x = (a * scores[row]) + b, target = labels[row] > 0.5f ? high : low;
            loss += Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x))) - (target * x);
        }

        return loss;
    }

    private static double SoftmaxLoss(float[] labels, float[] scores, int classes, double factor)
    {
        double loss = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            ReadOnlySpan<float> s = scores.AsSpan(row * classes, classes);
            double max = double.NegativeInfinity, sum = 0;
            foreach (float x in s)
            {
                max = Math.Max(max, factor * x);
            }

            foreach (float x in s)
            {
                sum += Math.Exp((factor * x) - max);
            }

            loss += Math.Log(sum) + max - (factor * s[(int)labels[row]]);
        }

        return loss;
    }

    private static int CountPositives(ReadOnlySpan<float> labels, int scores)
    {
        int positives = 0;
        foreach (float label in labels)
        {
            positives += label > 0.5f ? 1 : 0;
        }

        return labels.Length == scores && positives > 0 && positives < labels.Length
            ? positives
            : throw new ArgumentException($"There are {labels.Length} labels, {positives} of them positive, and {scores} scores; calibration expects as many of each, and rows of both classes.");
    }
}
