using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Explaining;

/// <summary>How much a model relies on an input.</summary>
/// <param name="Input">Name.</param>
/// <param name="Value">Gain: share of the loss reduction, 0 to 1. Permutation: how much worse the metric gets, in its units.</param>
/// <param name="Deviation">Standard deviation over repeats; 0 for gain.</param>
public readonly record struct Importance(string Input, double Value, double Deviation);

/// <summary>Importances of a model's inputs, in their order.</summary>
public static class Importances
{
    /// <summary>Share of all splits' gain by input. Favours inputs of many values, which offer more cuts; see <see cref="ByPermutation(TrainedModel, FeatureTable, float[], Metric, int, int)"/>.</summary>
    /// <param name="model">A boosted model as training returned it.</param>
    /// <exception cref="ArgumentException">The model has no trees.</exception>
    public static IReadOnlyList<Importance> ByGain(TrainedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Predictor is not TreeEnsemble ensemble)
        {
            throw new ArgumentException($"Learner {model.Learner} makes no splits; expected boosting. Permutation importance serves every learner.", nameof(model));
        }

        var gains = new double[model.Inputs.Count];
        foreach (TreeNode node in ensemble.Trees.SelectMany(t => t.Nodes).Where(n => !n.IsLeaf))
        {
            gains[model.Columns[node.Column].Input] += node.Gain;
        }

        double total = gains.Sum();
        return [.. model.Inputs.Select((input, i) => new Importance(input.Name, total > 0 ? gains[i] / total : 0, 0))];
    }

    /// <summary>
    /// How much worse the metric gets when an input's values are shuffled among rows (Breiman, Random forests, Machine Learning 2001). Use rows that the
    /// model was not trained on.
    /// </summary>
    /// <param name="model">Any model.</param>
    /// <param name="table">Rows.</param>
    /// <param name="labels">By row.</param>
    /// <param name="metric">What is watched.</param>
    /// <param name="repeats">Shuffles for each input, at least 1. Default 5.</param>
    /// <param name="seed">Of the shuffles.</param>
    public static IReadOnlyList<Importance> ByPermutation(TrainedModel model, FeatureTable table, float[] labels, Metric metric, int repeats = 5, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        return ByPermutation(model.Predict, [.. model.Inputs.Select(i => i.Name)], table, labels, model.Classes.Count, metric, repeats, seed);
    }

    /// <summary>As above, of whatever predicts: a model read from a file, for one.</summary>
    /// <param name="predict">Predictions of a table's rows, row-major.</param>
    /// <param name="inputs">Names of the inputs to look at.</param>
    /// <param name="table">Rows.</param>
    /// <param name="labels">By row.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="metric">What is watched.</param>
    /// <param name="repeats">Shuffles for each input, at least 1. Default 5.</param>
    /// <param name="seed">Of the shuffles.</param>
    public static IReadOnlyList<Importance> ByPermutation(
        Func<FeatureTable, float[]> predict, IReadOnlyList<string> inputs, FeatureTable table, float[] labels, int classes, Metric metric, int repeats = 5, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(predict);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(metric);
        double whole = metric.Compute(labels, predict(table), classes, null);
        double sign = metric.HigherIsBetter ? 1 : -1;
        var importances = new List<Importance>();
        for (int i = 0; i < inputs.Count; i++)
        {
            var drops = new double[repeats];
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                FeatureTable shuffled = Shuffle(table, inputs[i], seed, (i * repeats) + repeat);
                drops[repeat] = sign * (whole - metric.Compute(labels, predict(shuffled), classes, null));
            }

            double mean = drops.Average();
            importances.Add(new Importance(inputs[i], mean, Math.Sqrt(drops.Average(d => (d - mean) * (d - mean)))));
        }

        return importances;
    }

    private static FeatureTable Shuffle(FeatureTable table, string name, int seed, int stream)
    {
        int[] order = [.. Enumerable.Range(0, table.Rows)];
        Array.Sort(order.Select(row => Hash.Unit(seed, stream, row)).ToArray(), order);
        return new FeatureTable([.. table.Features.Select(f => f.Name == name ? f.Select(order) : f)]);
    }
}
