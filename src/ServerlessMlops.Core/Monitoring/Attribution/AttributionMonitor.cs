using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Registry;
using static System.FormattableString;

namespace ServerlessMlops.Core.Monitoring.Attribution;

/// <summary>
/// Whether the live model still decides by what it decided by in training: the order of inputs by mean absolute attribution, live beside training, both from counts
/// (attributions by group of an input, weighed by how many rows fall into each). Normalised discounted cumulative gain compares the orders; below 0.9 they
/// are another, as SageMaker Clarify has it. What moves attributions of an unchanged input through others alone is not seen.
/// </summary>
public static class AttributionMonitor
{
    /// <summary>Below this many rows nothing is compared.</summary>
    public const long MinRows = 100;

    /// <summary>Loss of gain (1 less the measure) from which it is an alarm; half of it is a warning.</summary>
    public const double Large = 0.1;

    /// <summary>The finding; none where the card has no attributions.</summary>
    /// <param name="card">The model's card.</param>
    /// <param name="window">What was counted.</param>
    /// <param name="alpha">Corrected p-value up to which it is significant.</param>
    public static IReadOnlyList<MonitorFinding> Evaluate(ModelCard card, WindowSums window, double alpha)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(window);
        if (card.Attributions.Count < 2 || card.Attributions.Count != window.Features.Length)
        {
            return [];
        }

        (double Mean, double Error)[] trained = [.. card.Attributions.Select((a, i) => a.Over(card.Reference[i].Counts))];
        (double Mean, double Error)[] live = [.. card.Attributions.Select((a, i) => a.Over(window.Features[i]))];
        double gain = Gain([.. trained.Select(t => t.Mean)], [.. live.Select(l => l.Mean)]), loss = 1 - gain;

        // The order changes by chance as the means do: each input is a look (Bonferroni).
        double p = Math.Min(1, 2 * live.Length * live.Zip(trained, (l, t) => Distributions.NormalTail(Math.Abs(l.Mean - t.Mean) / Math.Max(1e-12, Math.Sqrt((l.Error * l.Error) + (t.Error * t.Error))))).Min());
        long rows = window.Predictions;
        bool significant = p <= alpha;
        MonitorVerdict verdict =
            rows < MinRows ? MonitorVerdict.InsufficientEvidence
            : significant && loss > Large ? MonitorVerdict.Alarm
            : significant && loss > Large / 2 ? MonitorVerdict.Warning
            : MonitorVerdict.Ok;
        int[] before = Order(trained), now = Order(live);
        string order = before.SequenceEqual(now)
            ? "in the order of training"
            : $"by {string.Join(", ", now.Take(3).Select(i => $"'{card.Reference[i].Name}'"))} first; in training by {string.Join(", ", before.Take(3).Select(i => $"'{card.Reference[i].Name}'"))}";
        return
        [
            new MonitorFinding(
                MonitorKind.AttributionDrift, "inputs", verdict, rows, loss, Large, p, null,
                Invariant($"The model decides {order}. Normalised gain {gain:0.000} over {rows} rows (another order below {1 - Large:0.0}), p {p:0.0000}."))
            {
                Measures = Enumerable.Range(0, live.Length).ToDictionary(i => card.Reference[i].Name, i => live[i].Mean),
            },
        ];
    }

    /// <summary>Normalised discounted cumulative gain of the live order, by the attributions of training: 1 is the same order.</summary>
    public static double Gain(IReadOnlyList<double> trained, IReadOnlyList<double> live)
    {
        ArgumentNullException.ThrowIfNull(trained);
        ArgumentNullException.ThrowIfNull(live);
        double ideal = Sum(trained.OrderDescending());
        return ideal > 0 ? Sum(Enumerable.Range(0, live.Count).OrderByDescending(i => live[i]).ThenByDescending(i => trained[i]).Select(i => trained[i])) / ideal : 1;

        static double Sum(IEnumerable<double> gains) => gains.Select((gain, place) => gain / Math.Log2(place + 2)).Sum();
    }

    private static int[] Order((double Mean, double Error)[] attributions) => [.. Enumerable.Range(0, attributions.Length).OrderByDescending(i => attributions[i].Mean)];
}
