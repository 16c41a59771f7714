using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation.Measuring;

/// <summary>
/// Decisions over the groups of a sensitive column. Demographic parity difference is the largest less the smallest selection rate, equalized odds difference the
/// larger of the spreads of true and of false positive rates (Hardt, Price and Srebro, NIPS 2016); with several classes the largest over classes, each
/// against the rest. Such spreads are biased upwards by noise, so their intervals are the basic bootstrap's, which turns the percentiles round and takes the bias back.
/// </summary>
internal static class Fairness
{
    /// <summary>A rate is compared only from so many rows on.</summary>
    private const int LeastRateRows = 10;

    /// <summary>The evaluation and, for gates, both differences with their resamples (null with fewer than two groups).</summary>
    public static (FairnessEvaluation Evaluation, SampledValue? Parity, SampledValue? Odds) Measure(
        RowGroups groups, float[] labels, float[] predictions, int classes, int resamples, int threads)
    {
        int[] judged = [.. groups.Supported];
        int[] cells = Confusion.CellsOf(labels, predictions, classes);
        var spread = new Spread(groups, judged, cells, classes);
        var ones = new float[labels.Length];
        Array.Fill(ones, 1f);
        double[] counts = spread.Sum(ones);
        FairnessGroup[] described = [.. judged.Select((g, at) => spread.Describe(groups.Names[g], groups.Rows[g].Length, counts.AsSpan(at * classes * classes, classes * classes)))];
        SampledValue? parity = null, odds = null;
        if (judged.Length > 1)
        {
            var measures = new SpreadMetric[] { new(spread, false), new(spread, true) };
            double[][] samples = Bootstrap.Resample(labels.Length, measures, resamples, Resampling.Seed, threads);
            SampledValue Basic(int at)
            {
                double value = measures[at].Compute(ones);
                return new SampledValue(value, labels.Length, [.. samples[at].Select(s => Math.Clamp((2 * value) - s, 0, 1))]);
            }

            (parity, odds) = (Basic(0), Basic(1));
        }

        return (new FairnessEvaluation(groups.Column, described, groups.Names.Count - judged.Length, parity?.Estimate(), odds?.Estimate()), parity, odds);
    }

    private sealed class SpreadMetric(Spread spread, bool odds) : PreparedMetric
    {
        public override double Compute(ReadOnlySpan<float> weights) => odds ? spread.Odds(spread.Sum(weights)) : spread.Parity(spread.Sum(weights));
    }

    /// <summary>Weights by group, true class and decided class, and the spreads of rates over groups.</summary>
    private sealed class Spread
    {
        private readonly int[] _cellOf;
        private readonly int _groups;
        private readonly int _classes;
        private readonly bool[] _hasPositives;
        private readonly bool[] _hasNegatives;

        public Spread(RowGroups rows, int[] judged, int[] cells, int classes)
        {
            _classes = classes;
            _groups = judged.Length;
            var place = Enumerable.Repeat(-1, rows.Names.Count).ToArray();
            for (int g = 0; g < judged.Length; g++)
            {
                place[judged[g]] = g;
            }

            _cellOf = [.. cells.Select((cell, row) => rows.Codes[row] is var code && code >= 0 && place[code] >= 0 ? (place[code] * classes * classes) + cell : -1)];
            var counts = new double[_groups * classes * classes];
            foreach (int cell in _cellOf.Where(c => c >= 0))
            {
                counts[cell]++;
            }

            // By group and class: whether there are enough rows for the rate. Fixed before resampling, so that the same groups are compared throughout.
            _hasPositives = new bool[_groups * classes];
            _hasNegatives = new bool[_groups * classes];
            for (int g = 0; g < _groups; g++)
            {
                for (int k = 0; k < classes; k++)
                {
                    (double positive, _, double negative, _) = Of(counts, g, k);
                    _hasPositives[(g * classes) + k] = positive >= LeastRateRows;
                    _hasNegatives[(g * classes) + k] = negative >= LeastRateRows;
                }
            }
        }

        // Two classes: the positive one says all. Several: each against the rest.
        private int FirstClass => _classes == 2 ? 1 : 0;

        public double[] Sum(ReadOnlySpan<float> weights)
        {
            var sums = new double[_groups * _classes * _classes];
            for (int row = 0; row < _cellOf.Length; row++)
            {
                int cell = _cellOf[row];
                if (cell >= 0)
                {
                    sums[cell] += weights[row];
                }
            }

            return sums;
        }

        public double Parity(double[] sums) => Widest(sums, (counts, _) => (counts.Selected + counts.WronglySelected) / (counts.Positive + counts.Negative));

        public double Odds(double[] sums) => Math.Max(
            Widest(sums, (counts, at) => _hasPositives[at] ? counts.Selected / counts.Positive : double.NaN),
            Widest(sums, (counts, at) => _hasNegatives[at] ? counts.WronglySelected / counts.Negative : double.NaN));

        public FairnessGroup Describe(string name, int rows, ReadOnlySpan<double> cells)
        {
            double[] own = cells.ToArray();
            double selected = 0, truePositive = 0, falsePositive = 0, right = 0, all = own.Sum();
            int rates = 0, falseRates = 0, described = 0;
            for (int k = 0; k < _classes; k++)
            {
                right += own[(k * _classes) + k];
            }

            for (int k = FirstClass; k < _classes; k++)
            {
                (double positive, double hits, double negative, double wrong) = Of(own, 0, k);
                selected += (hits + wrong) / all;
                described++;
                if (positive >= LeastRateRows)
                {
                    truePositive += hits / positive;
                    rates++;
                }

                if (negative >= LeastRateRows)
                {
                    falsePositive += wrong / negative;
                    falseRates++;
                }
            }

            return new FairnessGroup(name, rows, selected / described, rates > 0 ? truePositive / rates : null, falseRates > 0 ? falsePositive / falseRates : null, right / all);
        }

        private double Widest(double[] sums, Func<(double Positive, double Selected, double Negative, double WronglySelected), int, double> rate)
        {
            double widest = 0;
            for (int k = FirstClass; k < _classes; k++)
            {
                double low = double.PositiveInfinity, high = double.NegativeInfinity;
                for (int g = 0; g < _groups; g++)
                {
                    double value = rate(Of(sums, g, k), (g * _classes) + k);
                    if (!double.IsNaN(value))
                    {
                        (low, high) = (Math.Min(low, value), Math.Max(high, value));
                    }
                }

                widest = Math.Max(widest, high - low);
            }

            return double.IsFinite(widest) ? widest : 0;
        }

        /// <summary>Of one group and class: positives, those decided positive, negatives, those decided positive.</summary>
        private (double Positive, double Selected, double Negative, double WronglySelected) Of(double[] sums, int group, int of)
        {
            int start = group * _classes * _classes;
            double positive = 0, selected = sums[start + (of * _classes) + of], all = 0, decided = 0;
            for (int a = 0; a < _classes; a++)
            {
                positive += sums[start + (of * _classes) + a];
                decided += sums[start + (a * _classes) + of];
                for (int b = 0; b < _classes; b++)
                {
                    all += sums[start + (a * _classes) + b];
                }
            }

            return (positive, selected, all - positive, decided - selected);
        }
    }
}
