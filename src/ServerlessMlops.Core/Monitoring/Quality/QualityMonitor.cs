using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring.Quality;

/// <summary>
/// Whether live values are of the kind that the model knows: missing values more often than in training, categories never seen, numbers
/// outside the training range. A share is judged against what is tolerated, by a one-sided test, corrected over all of them.
/// </summary>
public static class QualityMonitor
{
    /// <summary>Tolerated share of unknown categories and of values out of range, and tolerated rise of the missing share.</summary>
    public const double Tolerated = 0.01;

    /// <summary>The share from which it is an alarm.</summary>
    public const double Large = 0.05;

    /// <summary>Below this many rows nothing is judged.</summary>
    public const long MinRows = 50;

    /// <summary>The findings that are not well, and one that sums up the rest.</summary>
    public static IReadOnlyList<MonitorFinding> Evaluate(ModelCard card, WindowSums window, double alpha)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(window);
        var shares = new List<Share>();
        for (int i = 0; i < card.Reference.Count; i++)
        {
            FeatureGroups reference = card.Reference[i];
            long rows = window.Features[i].Sum();
            if (rows < MinRows)
            {
                continue;
            }

            double trained = reference.Counts.Sum() is > 0 and var total ? (double)reference.Counts[reference.MissingGroup] / total : 0;
            shares.Add(new Share(reference.Name, "missing", window.Features[i][reference.MissingGroup], rows, trained));
            shares.Add(reference.Kind == FeatureKind.Category
                ? new Share(reference.Name, "of a category not seen in training", window.Unknown[i], rows, 0)
                : new Share(reference.Name, "outside the training range", window.OutOfRange[i], rows, 0));
        }

        if (shares.Count == 0)
        {
            return
            [
                new MonitorFinding(
                    MonitorKind.DataQuality, "inputs", MonitorVerdict.InsufficientEvidence, window.Predictions, null, Large, null, null,
                    $"Inputs: {window.Predictions} live rows; judging their quality needs {MinRows}."),
            ];
        }

        double[] corrected = BenjaminiHochberg.Correct([.. shares.Select(s => s.PValue)]);
        MonitorFinding[] bad = [.. shares
            .Select((share, i) => Judge(share, corrected[i], alpha))
            .Where(finding => finding.Verdict != MonitorVerdict.Ok)];
        return bad.Length > 0
            ? bad
            :
            [
                new MonitorFinding(
                    MonitorKind.DataQuality, "inputs", MonitorVerdict.Ok, shares.Max(s => s.Rows), shares.Max(s => s.Excess), Large, shares.Min(s => s.PValue), corrected.Min(),
                    $"Inputs: missing, unknown and out-of-range values are within what is tolerated ({Tolerated:0%} above training) for all {card.Reference.Count}."),
            ];
    }

    private static MonitorFinding Judge(Share share, double corrected, double alpha)
    {
        MonitorVerdict verdict = corrected > alpha ? MonitorVerdict.Ok : share.Excess >= Large ? MonitorVerdict.Alarm : MonitorVerdict.Warning;
        return new MonitorFinding(
            MonitorKind.DataQuality, $"{share.Feature}: {share.What}", verdict, share.Rows, share.Excess, Large, share.PValue, corrected,
            $"Input '{share.Feature}': {100.0 * share.Count / share.Rows:0.0}% of {share.Rows} rows are {share.What} (training: {100 * share.Trained:0.0}%; alarm from {Large:0%} above), corrected p {corrected:0.0000}.");
    }

    private sealed record Share(string Feature, string What, long Count, long Rows, double Trained)
    {
        public double Excess => Math.Max(0, ((double)Count / Rows) - Trained);

        /// <summary>Normal approximation of the one-sided binomial test against the tolerated share, with continuity correction.</summary>
        public double PValue
        {
            get
            {
                double tolerated = Math.Min(1, Trained + Tolerated);
                double deviation = Math.Sqrt(Rows * tolerated * (1 - tolerated));
                return deviation == 0 ? 1 : Distributions.NormalTail((Count - 0.5 - (Rows * tolerated)) / deviation);
            }
        }
    }
}
