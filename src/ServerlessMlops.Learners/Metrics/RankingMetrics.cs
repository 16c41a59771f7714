namespace ServerlessMlops.Learners.Metrics;

/// <summary>How well scores of two classes order rows. Labels are 1 (positive) or 0; weights null means 1 each.</summary>
public static class RankingMetrics
{
    /// <summary>
    /// Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half (Mann and Whitney 1947;
    /// Fawcett, An introduction to ROC analysis, 2006). NaN when a class is absent.
    /// </summary>
    public static double Auc(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, float[]? weights = null)
    {
        double area = 0, positives = 0, negatives = 0;
        foreach ((double positive, double negative) in Groups(labels, scores, weights))
        {
            // Descending scores: negatives of this group lie below all positives before it.
            area += negative * (positives + (positive / 2));
            positives += positive;
            negatives += negative;
        }

        return positives > 0 && negatives > 0 ? area / (positives * negatives) : double.NaN;
    }

    /// <summary>
    /// Average precision, <c>sum (R_i - R_(i-1)) P_i</c> over distinct scores from the top: the area under the precision-recall curve without
    /// interpolation, as scikit-learn's average_precision_score. NaN without positives.
    /// </summary>
    public static double PrAuc(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, float[]? weights = null)
    {
        double area = 0, positives = 0, all = 0;
        foreach ((double positive, double negative) in Groups(labels, scores, weights))
        {
            positives += positive;
            all += positive + negative;
            area += all > 0 ? positive * (positives / all) : 0;
        }

        return positives > 0 ? area / positives : double.NaN;
    }

    /// <summary>Share of positives among the rows with the highest scores, over that among all rows. Rows at the border of a tie count in part.</summary>
    /// <param name="labels">1 or 0.</param>
    /// <param name="scores">By row.</param>
    /// <param name="share">Share of rows that count as the top, above 0 to 1.</param>
    /// <param name="weights">Null means 1 each.</param>
    public static double Lift(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, double share = 0.1, float[]? weights = null)
    {
        List<(double Positive, double Negative)> groups = Groups(labels, scores, weights);
        double positives = groups.Sum(g => g.Positive), all = positives + groups.Sum(g => g.Negative);
        double room = share * all, hits = 0;
        foreach ((double positive, double negative) in groups)
        {
            double size = positive + negative;
            double part = size > 0 ? Math.Min(1, room / size) : 0;
            hits += part * positive;
            room -= part * size;
            if (room <= 0)
            {
                break;
            }
        }

        return positives > 0 ? hits / (share * all) / (positives / all) : double.NaN;
    }

    /// <summary>Weights of positives and negatives by distinct score, the highest first.</summary>
    private static List<(double Positive, double Negative)> Groups(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, float[]? weights)
    {
        MetricChecks.SameLength(labels.Length, scores.Length, weights);
        float[] keys = scores.ToArray();
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);
        var groups = new List<(double, double)>();
        for (int i = order.Length - 1; i >= 0;)
        {
            float score = keys[i];
            double positive = 0, negative = 0;
            for (; i >= 0 && keys[i].Equals(score); i--)
            {
                double weight = weights is null ? 1 : weights[order[i]];
                if (labels[order[i]] > 0.5f)
                {
                    positive += weight;
                }
                else
                {
                    negative += weight;
                }
            }

            groups.Add((positive, negative));
        }

        return groups;
    }
}

/// <summary>What every metric asks of its arguments.</summary>
internal static class MetricChecks
{
    public static void SameLength(int labels, int predictions, float[]? weights)
    {
        if (labels != predictions || (weights is not null && weights.Length != labels))
        {
            throw new ArgumentException($"There are {labels} labels, {predictions} predictions and {weights?.Length ?? labels} weights; expected the same number of each.");
        }
    }
}
