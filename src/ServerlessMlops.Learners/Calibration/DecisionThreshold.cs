namespace ServerlessMlops.Learners.Calibration;

/// <summary>What decisions about two classes cost, by outcome, in one currency; a gain is a negative cost.</summary>
/// <param name="TruePositive">Of a positive decision that is right.</param>
/// <param name="FalsePositive">Of a positive decision that is wrong.</param>
/// <param name="TrueNegative">Of a negative decision that is right.</param>
/// <param name="FalseNegative">Of a negative decision that is wrong.</param>
public readonly record struct CostMatrix(double TruePositive, double FalsePositive, double TrueNegative, double FalseNegative);

/// <summary>The probability from which a positive decision pays.</summary>
/// <param name="Threshold">Least probability of a positive decision; 0 decides all positive, above 1 none.</param>
/// <param name="CostPerRow">Mean cost of decisions by it on the rows that it was found on; NaN for the formula.</param>
public readonly record struct DecisionThreshold(double Threshold, double CostPerRow)
{
    /// <summary>
    /// For calibrated probabilities: <c>(c_fp - c_tn) / (c_fp - c_tn + c_fn - c_tp)</c> (Elkan, The foundations of cost-sensitive learning, IJCAI 2001).
    /// </summary>
    /// <exception cref="ArgumentException">A wrong decision does not cost more than a right one.</exception>
    public static DecisionThreshold Of(CostMatrix costs)
    {
        double positive = costs.FalsePositive - costs.TrueNegative, negative = costs.FalseNegative - costs.TruePositive;
        return positive > 0 && negative > 0
            ? new DecisionThreshold(positive / (positive + negative), double.NaN)
            : throw new ArgumentException(
                $"A false positive costs {costs.FalsePositive} and a true negative {costs.TrueNegative}, a false negative {costs.FalseNegative} and a true positive {costs.TruePositive}; expected wrong decisions to cost more than right ones.", nameof(costs));
    }

    /// <summary>The cheapest threshold on given rows; among equals the highest. It lies halfway between two probabilities that occur.</summary>
    /// <param name="labels">1 or 0 by row; at least one row.</param>
    /// <param name="probabilities">Of the positive class.</param>
    /// <param name="costs">Of the four outcomes.</param>
    /// <param name="weights">Null means 1 each.</param>
    public static DecisionThreshold Find(ReadOnlySpan<float> labels, ReadOnlySpan<float> probabilities, CostMatrix costs, float[]? weights = null)
    {
        if (labels.IsEmpty || labels.Length != probabilities.Length)
        {
            throw new ArgumentException($"There are {labels.Length} labels and {probabilities.Length} probabilities; expected as many of each, at least one.");
        }

        float[] keys = probabilities.ToArray();
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);
        double cost = 0, total = 0;
        for (int i = 0; i < order.Length; i++)
        {
            double weight = weights is null ? 1 : weights[order[i]];
            cost += weight * (labels[order[i]] > 0.5f ? costs.FalseNegative : costs.TrueNegative);
            total += weight;
        }

        // From no positive decision down to all: each row changes sides once.
        var best = new DecisionThreshold(Math.BitIncrement(1.0), cost);
        for (int i = order.Length - 1; i >= 0; i--)
        {
            double weight = weights is null ? 1 : weights[order[i]];
            cost += weight * (labels[order[i]] > 0.5f ? costs.TruePositive - costs.FalseNegative : costs.FalsePositive - costs.TrueNegative);
            bool borderline = i > 0 && keys[i - 1].Equals(keys[i]);
            if (!borderline && cost < best.CostPerRow - (1e-12 * Math.Abs(best.CostPerRow)))
            {
                best = new DecisionThreshold(i == 0 ? 0 : ((double)keys[i - 1] + keys[i]) / 2, cost);
            }
        }

        return best with { CostPerRow = best.CostPerRow / total };
    }
}
