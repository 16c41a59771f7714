using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// How the spec in force wants requests taken, answered and logged. Not of the model's card: a change takes effect on what serves, without a training.
/// Immutable.
/// </summary>
public sealed class ScoringRules
{
    private static readonly ColumnScoringSpec Usual = new();

    /// <summary>The rules of a spec.</summary>
    public ScoringRules(ScoringSpec spec)
    {
        Spec = spec;
        ReviewsClose = spec.Review.Margin > 0;
        Sample = spec.Log.Share < 1 ? new TrafficSplit("prediction-log", spec.Log.Share) : null;
        Reviews = ReviewsClose || spec.Review.Between is not null || spec.Review.OnUnknown;
    }

    /// <summary>What holds where a spec says nothing.</summary>
    public static ScoringRules Default { get; } = new(new ScoringSpec());

    /// <summary>What the spec says.</summary>
    public ScoringSpec Spec { get; }

    /// <summary>Whether answers are judged for review at all.</summary>
    public bool Reviews { get; }

    /// <summary>Which requests are logged, by their key; null where all are.</summary>
    public TrafficSplit? Sample { get; }

    private bool ReviewsClose { get; }

    /// <summary>What holds for an input.</summary>
    public ColumnScoringSpec Of(string column) => Spec.Columns.GetValueOrDefault(column, Usual);

    /// <summary>Whether a person shall look at an answer.</summary>
    /// <param name="outputs">The outputs of the row.</param>
    /// <param name="model">What they say.</param>
    /// <param name="categoryCodes">The row's categories.</param>
    public bool NeedsReview(ReadOnlySpan<float> outputs, ModelOutputs model, ReadOnlySpan<int> categoryCodes)
    {
        if (ReviewsClose && model.Margin(outputs) < Spec.Review.Margin)
        {
            return true;
        }

        if (Spec.Review.Between is { } range)
        {
            float summary = model.Summary(outputs);
            if (!(summary < range.AtLeast) && !(summary > range.AtMost))
            {
                return true;
            }
        }

        return Spec.Review.OnUnknown && categoryCodes.Contains(ScoringSignature.UnknownCategory);
    }
}
