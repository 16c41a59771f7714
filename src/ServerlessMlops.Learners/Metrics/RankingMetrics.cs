namespace ServerlessMlops.Learners.Metrics;

/// <summary>How well scores of two classes order rows. Labels are 1 (positive) or 0; weights null means 1 each.</summary>
public static class RankingMetrics
{
    /// <summary>
    /// Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half (Mann and Whitney 1947;
    /// Fawcett, An introduction to ROC analysis, 2006). NaN when a class is absent.
    /// </summary>
    public static double Auc(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, float[]? weights = null) =>
        Ordered(labels, scores, weights, out float[] arranged).Auc(arranged);

    /// <summary>
    /// Average precision, <c>sum (R_i - R_(i-1)) P_i</c> over distinct scores from the top: the area under the precision-recall curve without
    /// interpolation, as scikit-learn's average_precision_score. NaN without positives.
    /// </summary>
    public static double PrAuc(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, float[]? weights = null) =>
        Ordered(labels, scores, weights, out float[] arranged).PrAuc(arranged);

    /// <summary>Share of positives among the rows with the highest scores, over that among all rows. Rows at the border of a tie count in part.</summary>
    /// <param name="labels">1 or 0.</param>
    /// <param name="scores">By row.</param>
    /// <param name="share">Share of rows that count as the top, above 0 to 1.</param>
    /// <param name="weights">Null means 1 each.</param>
    public static double Lift(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, double share = 0.1, float[]? weights = null) =>
        Ordered(labels, scores, weights, out float[] arranged).Lift(share, arranged);

    private static ScoreOrder Ordered(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores, float[]? weights, out float[] arranged)
    {
        MetricChecks.SameLength(labels.Length, scores.Length, weights);
        var order = new ScoreOrder(labels, scores);
        arranged = new float[labels.Length];
        if (weights is null)
        {
            Array.Fill(arranged, 1f);
        }
        else
        {
            order.Arrange(weights, arranged);
        }

        return order;
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
