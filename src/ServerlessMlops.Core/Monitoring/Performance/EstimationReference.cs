using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Monitoring.Performance;

/// <summary>How predictions of one group turned out on the hold-out.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="ScoreSum">Sum of their probabilities: of the positive class, or of the winning one.</param>
/// <param name="CameTrue">Rows of the positive class, or whose winning class was right.</param>
public sealed record ScoreOutcome(long Rows, double ScoreSum, long CameTrue)
{
    /// <summary>No rows.</summary>
    public static ScoreOutcome None { get; } = new(0, 0, 0);
}

/// <summary>
/// What a model's card keeps of its hold-out so that its performance can be estimated later without labels: how often probabilities came true
/// (classification), or how large the loss is by input and output (regression). A few kilobytes, whatever the hold-out.
/// </summary>
public sealed record EstimationReference
{
    /// <summary>Classification: by group of the output, as <see cref="ModelCard.OutputReference"/> lays them out.</summary>
    public IReadOnlyList<ScoreOutcome> Scores { get; init; } = [];

    /// <summary>Binary: of the rows decided positive.</summary>
    public ScoreOutcome Positives { get; init; } = ScoreOutcome.None;

    /// <summary>Regression: models of the loss, one for each metric.</summary>
    public IReadOnlyList<LossModel> Losses { get; init; } = [];

    /// <summary>Makes it of the scored hold-out.</summary>
    /// <param name="card">The card, with its references and threshold.</param>
    /// <param name="holdout">The hold-out's features.</param>
    /// <param name="labels">Class number or value by row.</param>
    /// <param name="outputs">As <see cref="ModelScorer.Score"/> gives them.</param>
    /// <param name="width">Outputs a row.</param>
    public static EstimationReference Of(ModelCard card, FeatureTable holdout, ReadOnlySpan<float> labels, float[] outputs, int width)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(holdout);
        ArgumentNullException.ThrowIfNull(outputs);
        if (card.Task == LearningTask.Regression)
        {
            return new EstimationReference { Losses = LossModel.FitAll(card, holdout, labels, outputs) };
        }

        bool binary = card.Task == LearningTask.Binary;
        float[] summary = ModelScorer.Summary(outputs, width, card.Task);
        double[] edges = [.. card.OutputReference.Edges];
        ScoreOutcome[] scores = [.. Enumerable.Repeat(ScoreOutcome.None, card.OutputReference.GroupCount)];
        ScoreOutcome positives = ScoreOutcome.None;
        for (int row = 0; row < summary.Length; row++)
        {
            bool came = binary ? labels[row] > 0.5f : ModelScorer.WinnerOf(outputs.AsSpan(row * width, width)) == (int)labels[row];
            int group = FeatureGroups.GroupOf(edges, summary[row]);
            scores[group] = Count(scores[group], summary[row], came);
            if (binary && summary[row] >= card.Threshold)
            {
                positives = Count(positives, summary[row], came);
            }
        }

        return new EstimationReference { Scores = scores, Positives = positives };
    }

    private static ScoreOutcome Count(ScoreOutcome counted, float score, bool came) =>
        new(counted.Rows + 1, counted.ScoreSum + score, counted.CameTrue + (came ? 1 : 0));
}
