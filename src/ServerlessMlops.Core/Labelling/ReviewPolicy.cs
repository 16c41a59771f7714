using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Labelling;

/// <summary>Which logged predictions a person shall look at.</summary>
/// <param name="spec">The spec in force.</param>
/// <param name="margin">Asks for all decisions closer than this instead (see <see cref="Usefulness.Margin"/>); null for what the spec wants.</param>
public sealed class ReviewPolicy(PipelineSpec spec, double? margin)
{
    /// <summary>Without a rule of the spec: decisions closer than this.</summary>
    public const double UsualMargin = 0.05;

    /// <summary>The spec.</summary>
    public PipelineSpec Spec { get; } = spec;

    /// <summary>Whether the row is one.</summary>
    /// <param name="row">The row.</param>
    /// <param name="card">The card of the version that answered it.</param>
    public bool NeedsReview(LoggedPrediction row, ModelCard card)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(card);
        return Usefulness.Of(card.Task, row.Outputs, card.Threshold) is { } known && known.Margin < (margin ?? UsualMargin);
    }
}
