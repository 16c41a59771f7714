namespace ServerlessMlops.Core.Scoring;

// What an answer says beside its outputs, where it is asked to.
public sealed partial class ScoringBatch
{
    /// <summary>Whether a person shall look at a scored row, by the rules of its model.</summary>
    public bool NeedsReview(ServingModel model, int row) => model.Rules.NeedsReview(
        Outputs.Slice(row * OutputWidth, OutputWidth), model.Outputs, CategoryCodes.Slice(row * Signature.CategoryCount, Signature.CategoryCount));

    /// <summary>Whether the request asks for explanations.</summary>
    public bool WantsExplanation { get; set; }

    /// <summary>The explanations; null where none were asked for, or the model has none.</summary>
    public RowExplanations? Explanations { get; private set; }

    /// <summary>
    /// Explains the scored rows where the request asks for it. A model that cannot be explained answers without, and says why in a warning.
    /// </summary>
    /// <returns>Null, or why the request is refused: more rows than <see cref="RowExplanations.MostRows"/>.</returns>
    public ScoringProblem? Explain(ServingModel model)
    {
        if (model.Predictor.ExplanationFault is { } fault)
        {
            AddRequestFinding(FindingCode.NoExplanation, $"Version {model.Version} cannot be explained: {fault}.");
            return null;
        }

        if (Rows > RowExplanations.MostRows)
        {
            return ScoringProblem.TooLarge($"The request asks for explanations of {Rows} rows; {RowExplanations.MostRows} is the most. Send fewer rows, or leave out 'explain'.");
        }

        Explanations = RowExplanations.Of(this, model);
        return null;
    }
}
