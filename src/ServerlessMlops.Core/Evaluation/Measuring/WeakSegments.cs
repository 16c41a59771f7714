using ServerlessMlops.Core.Monitoring.Statistics;

namespace ServerlessMlops.Core.Evaluation.Measuring;

/// <summary>
/// Finds segments of one or two conditions in which the loss is higher than elsewhere, after Slice Finder (Chung et al., ICDE 2019): enough rows, an effect
/// worth a look, significance after correction for everything that was looked at. A pair is told only if it is clearly worse than either condition alone.
/// </summary>
internal static class WeakSegments
{
    private const int Most = 10;
    private const int MostPaired = 12;
    private const double LeastEffect = 0.2;
    private const double LeastGain = 0.1;
    private const double Level = 0.05;

    public static IReadOnlyList<WeakSegment> Find(IReadOnlyList<RowGroups> columns, double[] losses)
    {
        int rows = losses.Length, least = Math.Max(RowGroups.LeastRows, rows / 100);
        double total = losses.Sum(), squares = losses.Sum(l => l * l);
        double deviation = rows > 1 ? Math.Sqrt(Math.Max(0, (squares - (total * total / rows)) / (rows - 1))) : 0;
        if (!(deviation > 0))
        {
            return [];
        }

        var found = new List<(WeakSegment Segment, double Better)>();
        var effects = new Dictionary<(int Column, int Group), double>();
        void Consider(SegmentCondition[] conditions, (int Count, double Sum, double Squares) inside, double better)
        {
            int outside = rows - inside.Count;
            if (inside.Count < least || outside < least)
            {
                return;
            }

            double mean = inside.Sum / inside.Count, elsewhere = (total - inside.Sum) / outside;
            double variance = Variance(inside.Count, inside.Sum, inside.Squares), rest = Variance(outside, total - inside.Sum, squares - inside.Squares);
            double error = Math.Sqrt((variance / inside.Count) + (rest / outside));
            double p = error > 0 ? Distributions.NormalTail((mean - elsewhere) / error) : mean > elsewhere ? 0 : 1;
            found.Add((new WeakSegment(conditions, inside.Count, mean, elsewhere, (mean - elsewhere) / deviation, p), better));
        }

        for (int c = 0; c < columns.Count; c++)
        {
            (int Count, double Sum, double Squares)[] sums = Sum(columns[c].Codes, columns[c].Names.Count, losses);
            for (int g = 0; g < sums.Length; g++)
            {
                int before = found.Count;
                Consider([new SegmentCondition(columns[c].Column, columns[c].Names[g])], sums[g], double.NegativeInfinity);
                effects[(c, g)] = found.Count > before ? found[^1].Segment.Effect : 0;
            }
        }

        // Pairs of the columns that single out something already: all pairs of all columns would cost much and mostly find noise.
        int[] paired = [.. Enumerable.Range(0, columns.Count).OrderByDescending(c => Enumerable.Range(0, columns[c].Names.Count).Max(g => (double?)effects[(c, g)]) ?? 0).Take(MostPaired)];
        var codes = new int[rows];
        for (int a = 0; a < paired.Length; a++)
        {
            for (int b = a + 1; b < paired.Length; b++)
            {
                RowGroups first = columns[paired[a]], second = columns[paired[b]];
                int width = second.Names.Count;
                for (int row = 0; row < rows; row++)
                {
                    codes[row] = first.Codes[row] < 0 || second.Codes[row] < 0 ? -1 : (first.Codes[row] * width) + second.Codes[row];
                }

                (int Count, double Sum, double Squares)[] sums = Sum(codes, first.Names.Count * width, losses);
                for (int cell = 0; cell < sums.Length; cell++)
                {
                    (int g, int h) = (cell / width, cell % width);
                    Consider(
                        [new SegmentCondition(first.Column, first.Names[g]), new SegmentCondition(second.Column, second.Names[h])],
                        sums[cell],
                        Math.Max(effects[(paired[a], g)], effects[(paired[b], h)]));
                }
            }
        }

        double[] corrected = BenjaminiHochberg.Correct([.. found.Select(f => f.Segment.PValue)]);
        return
        [
            .. found.Select((f, i) => (Segment: f.Segment with { PValue = corrected[i] }, f.Better))
                .Where(f => f.Segment.PValue <= Level && f.Segment.Effect >= LeastEffect && f.Segment.Effect >= f.Better + LeastGain)
                .Select(f => f.Segment)
                .OrderByDescending(s => s.Effect)
                .Take(Most),
        ];
    }

    private static (int Count, double Sum, double Squares)[] Sum(int[] codes, int groups, double[] losses)
    {
        var sums = new (int Count, double Sum, double Squares)[groups];
        for (int row = 0; row < codes.Length; row++)
        {
            if (codes[row] >= 0)
            {
                ref (int Count, double Sum, double Squares) sum = ref sums[codes[row]];
                sum.Count++;
                sum.Sum += losses[row];
                sum.Squares += losses[row] * losses[row];
            }
        }

        return sums;
    }

    private static double Variance(int n, double sum, double squares) => n > 1 ? Math.Max(0, (squares - (sum * sum / n)) / (n - 1)) : 0;
}
