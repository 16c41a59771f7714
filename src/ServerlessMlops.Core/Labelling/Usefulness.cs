using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Labelling;

/// <summary>How little a model's outputs say about a row: what a label of it would teach.</summary>
/// <param name="Entropy">Uncertainty of the answer: Shannon entropy of the class probabilities over its maximum, 0 (certain) to 1 (all alike).</param>
/// <param name="Margin">
/// How close the decision was, 0 (a tie) to 1: several classes, the probabilities of the best two apart; two classes, the distance of the probability from the
/// decision's threshold.
/// </param>
/// <remarks>Both measures, and least confidence (which orders two classes as entropy does), as in B. Settles, Active Learning Literature Survey, 2010, section 3.1.</remarks>
public readonly record struct Usefulness(double Entropy, double Margin)
{
    /// <summary>Measures the outputs of one row; null for a regression, whose value says nothing of its certainty, and for outputs that are no numbers.</summary>
    public static Usefulness? Of(LearningTask task, IReadOnlyList<float> outputs, double threshold)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        if (task == LearningTask.Regression || outputs.Count == 0 || outputs.Any(o => !float.IsFinite(o)))
        {
            return null;
        }

        if (task == LearningTask.Binary)
        {
            double p = Math.Clamp(outputs[^1], 0, 1);
            return new Usefulness((Term(p) + Term(1 - p)) / Math.Log(2), Math.Abs(p - threshold));
        }

        double[] descending = [.. outputs.Select(o => Math.Clamp((double)o, 0, 1)).OrderDescending()];
        return descending.Length < 2 ? null : new Usefulness(descending.Sum(Term) / Math.Log(descending.Length), descending[0] - descending[1]);
    }

    private static double Term(double p) => p <= 0 ? 0 : -p * Math.Log(p);
}
