namespace ServerlessMlops.Core.Scoring;

/// <summary>A model as scoring needs it: features in the order of the model card's inputs, outputs as it gives them. Thread-safe.</summary>
public interface IRowPredictor
{
    /// <summary>Length of a feature vector.</summary>
    int FeatureCount { get; }

    /// <summary>Names of the features in order, where the model knows them; null where it does not.</summary>
    IReadOnlyList<string>? FeatureNames => null;

    /// <summary>Outputs per row: 1 (probability of the positive class, or the value), or one probability per class.</summary>
    int OutputCount { get; }

    /// <summary>The feature value of a category by its name in UTF-8; names not seen in training get the value the model keeps for those.</summary>
    float EncodeCategory(int input, ReadOnlySpan<byte> utf8);

    /// <summary>The feature value of a missing category.</summary>
    float EncodeMissingCategory(int input);

    /// <summary>Why rows cannot be explained, as the end of a sentence; null where they can.</summary>
    string? ExplanationFault => "this kind of model has no explanations";

    /// <summary>Writes what each feature contributed to a row's raw score (SHAP values); only where <see cref="ExplanationFault"/> is null.</summary>
    /// <param name="row">A feature vector.</param>
    /// <param name="output">Several classes: the class whose score is meant.</param>
    /// <param name="contributions">Receives <see cref="FeatureCount"/> numbers.</param>
    /// <returns>The score of the average training row.</returns>
    double Explain(ReadOnlySpan<float> row, int output, Span<double> contributions) => throw new NotSupportedException(ExplanationFault);

    /// <summary>Scores rows. Allocates nothing.</summary>
    /// <param name="features">Rows times <see cref="FeatureCount"/>, row by row; NaN is a missing number.</param>
    /// <param name="outputs">Rows times <see cref="OutputCount"/>, row by row.</param>
    void Predict(ReadOnlySpan<float> features, Span<float> outputs);
}
