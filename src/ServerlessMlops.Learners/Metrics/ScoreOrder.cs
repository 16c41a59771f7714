namespace ServerlessMlops.Learners.Metrics;

/// <summary>
/// Rows by descending score with the borders of ties: all that metrics of order need beside weights. Weights are given in this order (see
/// <see cref="Arrange"/>).
/// </summary>
internal sealed class ScoreOrder
{
    private readonly int[] _rows;
    private readonly bool[] _positive;
    private readonly bool[] _endsTie;

    public ScoreOrder(ReadOnlySpan<float> labels, ReadOnlySpan<float> scores)
    {
        MetricChecks.SameLength(labels.Length, scores.Length, null);
        float[] keys = scores.ToArray();
        _rows = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, _rows);
        Array.Reverse(keys);
        Array.Reverse(_rows);
        _positive = new bool[_rows.Length];
        _endsTie = new bool[_rows.Length];
        for (int i = 0; i < _rows.Length; i++)
        {
            _positive[i] = labels[_rows[i]] > 0.5f;
            _endsTie[i] = i + 1 == _rows.Length || !keys[i].Equals(keys[i + 1]);
        }
    }

    /// <summary>Brings weights by row into this order.</summary>
    public void Arrange(ReadOnlySpan<float> weights, Span<float> arranged)
    {
        for (int i = 0; i < _rows.Length; i++)
        {
            arranged[i] = weights[_rows[i]];
        }
    }

    /// <summary>As <see cref="RankingMetrics.Auc"/>.</summary>
    public double Auc(ReadOnlyMemory<float> arranged)
    {
        ReadOnlySpan<float> weights = arranged.Span;
        double area = 0, positives = 0, negatives = 0, tiedPositives = 0, tiedNegatives = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (_positive[i])
            {
                tiedPositives += weights[i];
            }
            else
            {
                tiedNegatives += weights[i];
            }

            if (_endsTie[i])
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
            tied += _positive[i] ? weights[i] : 0;
            if (_endsTie[i])
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
            positives += _positive[i] ? weights[i] : 0;
        }

        double room = share * all, hits = 0, tied = 0, tiedPositives = 0;
        for (int i = 0; i < weights.Length && room > 0; i++)
        {
            tied += weights[i];
            tiedPositives += _positive[i] ? weights[i] : 0;
            if (_endsTie[i])
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
