namespace ServerlessMlops.Learners.Metrics;

/// <summary>
/// Rows by descending score with the borders of ties: all that metrics of order need beside weights. Weights are given in this order (see
/// <see cref="Arrange"/>).
/// </summary>
internal sealed class ScoreOrder
{
    private readonly int[] rows;
    private readonly bool[] positive;
    private readonly bool[] endsTie;

    public ScoreOrder(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores)
    {
        MetricChecks.SameLength(labels.Length, scores.Length, null);
        float[] keys = scores.ToArray();
        rows = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, rows);
        Array.Reverse(keys);
        Array.Reverse(rows);
        positive = new bool[rows.Length];
        endsTie = new bool[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            positive[i] = labels[rows[i]] > 0.5f;
            endsTie[i] = i + 1 == rows.Length || !keys[i].Equals(keys[i + 1]);
        }
    }

    /// <summary>Brings weights by row into this order.</summary>
    public void Arrange(ReadOnlySpan<float> weights, Span<float> arranged)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            arranged[i] = weights[rows[i]];
        }
    }

    /// <summary>As <see cref="RankingMetrics.Auc"/>.</summary>
    public double Auc(ReadOnlyMemory<float> arranged)
    {
        ReadOnlySpan<float> weights = arranged.Span;
        double area = 0, positives = 0, negatives = 0, tiedPositives = 0, tiedNegatives = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (positive[i])
            {
                tiedPositives += weights[i];
            }
            else
            {
                tiedNegatives += weights[i];
            }

            if (endsTie[i])
            {
                area += tiedNegatives * (positives + (tiedPositives / 2));
                positives += tiedPositives;
                negatives += tiedNegatives;
                tiedPositives = tiedNegatives = 0;
            }
        }

        return positives > 0 && negatives > 0 ? area / (positives * negatives) : double.NaN;
    }

    /// <summary>As <see cref="RankingMetrics.PrAuc"/>.</summary>
    public double PrAuc(ReadOnlyMemory<float> arranged)
    {
        ReadOnlySpan<float> weights = arranged.Span;
        double area = 0, positives = 0, all = 0, tied = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            all += weights[i];
            tied += positive[i] ? weights[i] : 0;
            if (endsTie[i])
            {
                positives += tied;
                area += all > 0 ? tied * (positives / all) : 0;
                tied = 0;
            }
        }

        return positives > 0 ? area / positives : double.NaN;
    }

    /// <summary>As <see cref="RankingMetrics.Lift"/>.</summary>
    public double Lift(double share, ReadOnlyMemory<float> arranged)
    {
        ReadOnlySpan<float> weights = arranged.Span;
        double positives = 0, all = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            all += weights[i];
            positives += positive[i] ? weights[i] : 0;
        }

        double room = share * all, hits = 0, tied = 0, tiedPositives = 0;
        for (int i = 0; i < weights.Length && room > 0; i++)
        {
            tied += weights[i];
            tiedPositives += positive[i] ? weights[i] : 0;
            if (endsTie[i])
            {
                double part = tied > 0 ? Math.Min(1, room / tied) : 0;
                hits += part * tiedPositives;
                room -= part * tied;
                tied = tiedPositives = 0;
            }
        }

        return positives > 0 ? hits / (share * all) / (positives / all) : double.NaN;
    }
}
