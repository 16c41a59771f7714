using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Monitoring.Performance;

/// <summary>
/// Direct loss estimation (DLE): a small model of a regression's loss, learned on its hold-out. It is additive over the groups of a few inputs and of the
/// output (ridge regression on indicators), so that the mean loss of any number of live rows follows exactly from the counts of a window:
/// <c>intercept + sum over inputs and groups of coefficient x share</c>. No log is read.
/// </summary>
/// <param name="Metric"><c>mae</c> (models the absolute error) or <c>rmse</c> (the squared error).</param>
/// <param name="HoldoutLoss">Mean loss on the hold-out.</param>
/// <param name="Deviation">Standard deviation of a row's loss about the model.</param>
/// <param name="Wandering">
/// Standard deviation, beyond chance, of the mean loss about the model between stretches of the hold-out (eighths in its order, which is that of time where the split goes by
/// time): by so much whole periods differ for reasons that the model does not know.
/// </param>
/// <param name="Explained">Share of the loss's variance that the model explains on rows that it has not seen (cross-validated); 0 or less: none.</param>
/// <param name="Inputs">Indices into <see cref="ModelCard.Reference"/>; -1 is the output.</param>
/// <param name="Support">Hold-out rows by group of each of <paramref name="Inputs"/>.</param>
/// <param name="Coefficients">Intercept, then a number for each group of each of <paramref name="Inputs"/>.</param>
/// <param name="Replicates">The same, fitted without each eighth of the rows in turn: what the estimate's own error is read from (jackknife).</param>
public sealed record LossModel(
    string Metric,
    double HoldoutLoss,
    double Deviation,
    double Wandering,
    double Explained,
    IReadOnlyList<int> Inputs,
    IReadOnlyList<IReadOnlyList<long>> Support,
    IReadOnlyList<float> Coefficients,
    IReadOnlyList<IReadOnlyList<float>> Replicates)
{
    /// <summary>Index of the output among <see cref="Inputs"/>.</summary>
    public const int Output = -1;

    private const int Folds = 8;
    private const int MaxInputs = 6;
    private const int MaxRows = 40_000;

    // As many rows at the average loss as pull a group's coefficient to none; the last makes the model a constant.
    private static readonly double[] Penalties = [10, 100, 1000, 1e12];

    /// <summary>Fits a model for each metric; none of fewer than <see cref="EstimatedPerformance.MinRows"/> rows.</summary>
    internal static IReadOnlyList<LossModel> FitAll(ModelCard card, FeatureTable holdout, ReadOnlySpan<float> labels, float[] outputs)
    {
        int step = Math.Max(1, (outputs.Length + MaxRows - 1) / MaxRows);
        int[] rows = [.. Enumerable.Range(0, outputs.Length / step).Select(i => i * step)];
        if (rows.Length < EstimatedPerformance.MinRows)
        {
            return [];
        }

        var errors = new double[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            errors[i] = Math.Abs(outputs[rows[i]] - labels[rows[i]]);
        }

        int[][] groups = [.. card.Reference.Select(reference => Taken(GroupedRows.Of(reference, holdout))), Taken(GroupedRows.Of(card.OutputReference, outputs))];
        FeatureGroups[] references = [.. card.Reference, card.OutputReference];
        return [Fit("mae", errors), Fit("rmse", [.. errors.Select(error => error * error)])];

        int[] Taken(int[] all) => step == 1 ? all : FeatureTable.Take<int>(all, rows);

        LossModel Fit(string metric, double[] loss)
        {
            int[] chosen = [.. Enumerable.Range(0, card.Reference.Count).OrderByDescending(f => Between(groups[f], references[f].GroupCount, loss)).Take(MaxInputs - 1).Order(), card.Reference.Count];
            var ridge = new GroupRidge([.. chosen.Select(f => groups[f])], [.. chosen.Select(f => references[f].GroupCount)], loss, Folds);
            (double penalty, double error) = Penalties.Select(p => (Penalty: p, Error: ridge.CrossValidated(p))).MinBy(tried => tried.Error);
            double mean = loss.Average(), variance = loss.Average(l => (l - mean) * (l - mean));
            return new LossModel(
                metric,
                mean,
                Math.Sqrt(error),
                WanderingOf(ridge.Residuals(penalty)),
                variance > 0 ? 1 - (error / variance) : 0,
                [.. chosen.Select(f => f == card.Reference.Count ? Output : f)],
                [.. chosen.Select(f => (IReadOnlyList<long>)[.. Counts(groups[f], references[f].GroupCount)])],
                ridge.Solve(penalty),
                [.. Enumerable.Range(0, Folds).Select(fold => (IReadOnlyList<float>)ridge.Solve(penalty, fold))]);
        }
    }

    /// <summary>The mean loss to expect of the rows of a window, and its error: that of the model, and that of so many rows.</summary>
    /// <param name="window">The counts; at least one prediction.</param>
    internal LossEstimate Expect(WindowSums window)
    {
        double[][] shares = [.. Inputs.Select(input => Shares(Live(window, input)))];
        double mean = Math.Max(0, Mean(Coefficients));
        double[] replicates = [.. Replicates.Select(Mean)];
        double centre = replicates.Average();
        double own = Math.Sqrt((Folds - 1.0) / Folds * replicates.Sum(r => (r - centre) * (r - centre)));

        // A loss that is twice as large varies twice as much.
        double deviation = Deviation * Math.Max(1, mean / Math.Max(1e-12, HoldoutLoss));
        return new LossEstimate(mean, Math.Sqrt((own * own) + (Wandering * Wandering)), deviation / Math.Sqrt(Math.Max(1, window.Predictions)));

        double Mean(IReadOnlyList<float> coefficients)
        {
            double sum = coefficients[0];
            int at = 1;
            foreach (double[] input in shares)
            {
                foreach (double share in input)
                {
                    sum += share * coefficients[at++];
                }
            }

            return sum;
        }
    }

    /// <summary>The largest share, over inputs, of live rows in groups of which the hold-out had hardly any: there the model knows nothing.</summary>
    internal (double Share, int Input) Unsupported(WindowSums window, int minRows)
    {
        (double Share, int Input) worst = (0, Output);
        for (int i = 0; i < Inputs.Count; i++)
        {
            double[] shares = Shares(Live(window, Inputs[i]));
            double unknown = shares.Where((_, group) => Support[i][group] < minRows).Sum();
            worst = unknown > worst.Share ? (unknown, Inputs[i]) : worst;
        }

        return worst;
    }

    private static double WanderingOf(double[] residuals)
    {
        double[][] stretches = [.. residuals.Chunk((residuals.Length + Folds - 1) / Folds)];
        double all = residuals.Average();
        double between = stretches.Average(stretch => (stretch.Average() - all) * (stretch.Average() - all)) * stretches.Length / Math.Max(1, stretches.Length - 1);
        double chance = residuals.Average(r => (r - all) * (r - all)) / stretches[0].Length;
        return Math.Sqrt(Math.Max(0, between - chance));
    }

    private static long[] Live(WindowSums window, int input) => input == Output ? window.Outputs : window.Features[input];

    private static double[] Shares(long[] counts)
    {
        double all = Math.Max(1, counts.Sum());
        return [.. counts.Select(count => count / all)];
    }

    private static long[] Counts(int[] groups, int count)
    {
        var counts = new long[count];
        foreach (int group in groups)
        {
            counts[group]++;
        }

        return counts;
    }

    // Variance of the loss between groups, less what chance would give: the inputs worth a place.
    private static double Between(int[] groups, int count, double[] loss)
    {
        double mean = loss.Average(), within = 0, between = 0;
        foreach (IGrouping<int, double> group in loss.Select((value, row) => (value, group: groups[row])).GroupBy(pair => pair.group, pair => pair.value))
        {
            double own = group.Average(), rows = group.Count();
            between += rows * (own - mean) * (own - mean);
            within += group.Sum(value => (value - own) * (value - own));
        }

        return between - ((count - 1) * within / Math.Max(1, loss.Length - count));
    }
}

/// <summary>A mean loss to expect.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="ModelError">Standard error of the model that gives it.</param>
/// <param name="SamplingError">Standard error of the mean of so many rows about it.</param>
internal readonly record struct LossEstimate(double Mean, double ModelError, double SamplingError);
