using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Monitoring.Attribution;

/// <summary>
/// Shapley values of any model by sampled orders of its inputs (Castro, Gomez and Tejada 2009; Strumbelj and Kononenko 2010): a row's values replace those of another
/// row one by one, and what the output moves by at each is credited to that input. Each order is taken backwards too, which cancels much of the noise.
/// </summary>
public static class ShapleySampler
{
    private const int MaxRows = 512;
    private const int Orders = 4; // and their reverses
    private const int MaxScores = 400_000;
    private const int Seed = 20260101;

    // Rows at the feature's average that a group of few rows is drawn towards.
    private const double PriorRows = 3;

    /// <summary>Attributions of each input, by its groups; empty where there are fewer than two inputs or hold-out rows.</summary>
    /// <param name="card">The card, with its references.</param>
    /// <param name="model">The model.</param>
    /// <param name="holdout">Rows to explain, and to take others' values from.</param>
    public static IReadOnlyList<FeatureAttribution> Explain(ModelCard card, ScoringModel model, FeatureTable holdout)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(holdout);
        int width = model.Inputs.Count;
        int sample = Math.Min(Math.Min(MaxRows, holdout.Rows), Math.Max(32, MaxScores / (2 * Orders * (width + 1))));
        if (width < 2 || holdout.Rows < 2)
        {
            return [];
        }

        var random = new Random(Seed);
        int[] rows = [.. Enumerable.Range(0, sample).Select(i => (int)((long)i * holdout.Rows / sample))];
        FeatureTable explained = holdout.Select(rows);
        float[] vectors = ModelScorer.Vectors(model, explained);
        int[][] groups = [.. card.Reference.Select(reference => GroupedRows.Of(reference, explained))];
        var sums = card.Reference.Select(reference => new double[reference.GroupCount]).ToArray();
        var counts = card.Reference.Select(reference => new double[reference.GroupCount]).ToArray();
        var values = new double[width];
        for (int row = 0; row < sample; row++)
        {
            Array.Clear(values);
            for (int order = 0; order < Orders; order++)
            {
                int[] inputs = [.. Enumerable.Range(0, width)];
                random.Shuffle(inputs);
                ReadOnlySpan<float> other = vectors.AsSpan(random.Next(sample) * width, width);
                Walk(model, vectors.AsSpan(row * width, width), other, inputs, values);
                Array.Reverse(inputs);
                Walk(model, vectors.AsSpan(row * width, width), other, inputs, values);
            }

            for (int i = 0; i < width; i++)
            {
                sums[i][groups[i][row]] += Math.Abs(values[i]) / (2 * Orders);
                counts[i][groups[i][row]]++;
            }
        }

        return [.. sums.Select((sum, i) =>
        {
            double average = sum.Sum() / sample;
            return new FeatureAttribution([.. sum.Select((total, group) => (float)((total + (PriorRows * average)) / (counts[i][group] + PriorRows)))]);
        })];
    }

    private static void Walk(ScoringModel model, ReadOnlySpan<float> row, ReadOnlySpan<float> other, int[] inputs, double[] values)
    {
        int width = row.Length, outputs = model.OutputCount;
        float[] steps = new float[(width + 1) * width];
        other.CopyTo(steps);
        for (int i = 0; i < width; i++)
        {
            Span<float> next = steps.AsSpan((i + 1) * width, width);
            steps.AsSpan(i * width, width).CopyTo(next);
            next[inputs[i]] = row[inputs[i]];
        }

        float[] scores = new float[(width + 1) * outputs];
        model.PredictBatch(steps, width + 1, scores);

        // Of several classes the one that the whole row is given; else the only or the last output.
        int output = model.Task == LearningTask.Multiclass ? ModelScorer.WinnerOf(scores.AsSpan(width * outputs, outputs)) : outputs - 1;
        for (int i = 0; i < width; i++)
        {
            values[inputs[i]] += (double)scores[((i + 1) * outputs) + output] - scores[(i * outputs) + output];
        }
    }
}
