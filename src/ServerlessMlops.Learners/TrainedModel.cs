using System.Buffers;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners;

/// <summary>
/// What a learner has made: encoder, predictor, link and calibration. Immutable. The ONNX writer turns it into a file whose predictions
/// are the same.
/// </summary>
public sealed record TrainedModel
{
    private const int BlockRows = 256;

    /// <summary>What was learned.</summary>
    public required LearningTask Task { get; init; }

    /// <summary>The learner, by name.</summary>
    public required string Learner { get; init; }

    /// <summary>Class names by class number; for binary the second is the positive one; empty for regression.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>What it asks for, in the order of the feature vector.</summary>
    public required IReadOnlyList<ModelInput> Inputs { get; init; }

    /// <summary>How the predictor's columns are made from the inputs.</summary>
    public required IReadOnlyList<EncodedColumn> Columns { get; init; }

    /// <summary>The formula.</summary>
    public required Predictor Predictor { get; init; }

    /// <summary>How its scores become outputs.</summary>
    public required Link Link { get; init; }

    /// <summary>Corrects the scores, or null.</summary>
    public Calibrator? Calibrator { get; init; }

    /// <summary>Means of <see cref="Columns"/> over the training rows, which explanations of linear models start from; null where they are not known.</summary>
    public IReadOnlyList<float>? ColumnMeans { get; init; }

    /// <summary>Binary: the least probability of a positive decision. Default 0.5.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Regression: how far around a value the truth lies; null where it was not asked for.</summary>
    public ConformalInterval? Interval { get; init; }

    /// <summary>The settings as training came to them, rounds and leaves found on the way included: they train the same kind of model on other rows.</summary>
    public LearnerOptions Settings { get; init; } = new();

    /// <summary>Rounds of boosting or steps of the optimiser that were kept; 0 for the baseline.</summary>
    public int Iterations { get; init; }

    /// <summary>Outputs a row: 1 (probability of the positive class, or the value), or one probability a class.</summary>
    public int OutputCount => Task == LearningTask.Multiclass ? Classes.Count : 1;

    /// <summary>Predictions, row-major: output k of row r at <c>[r * OutputCount + k]</c>.</summary>
    /// <param name="table">Has all <see cref="Inputs"/>, by name; may have more.</param>
    /// <exception cref="ArgumentException">An input is absent or of another kind.</exception>
    public float[] Predict(FeatureTable table) => Run(table, Finish);

    /// <summary>Raw scores before calibration and link, row-major as in <see cref="Predict"/>.</summary>
    /// <param name="table">Has all <see cref="Inputs"/>, by name; may have more.</param>
    public float[] Score(FeatureTable table) => Run(table, static (_, _, _) => { });

    private delegate void BlockAction(Span<float> scores, int stride, int rows);

    private void Finish(Span<float> scores, int stride, int rows)
    {
        if (Calibrator is null)
        {
            LinkFunction.Apply(Link, scores, stride, rows, OutputCount);
        }
        else
        {
            Calibrator.Apply(Link, scores, stride, rows, OutputCount);
        }
    }

    private float[] Run(FeatureTable table, BlockAction finish)
    {
        ArgumentNullException.ThrowIfNull(table);
        float[][] columns = ColumnEncoder.Encode(Columns, Inputs, table);
        int outputs = OutputCount;
        var predictions = new float[table.Rows * outputs];
        float[] block = ArrayPool<float>.Shared.Rent(BlockRows * Math.Max(1, columns.Length));
        float[] scores = ArrayPool<float>.Shared.Rent(BlockRows * outputs);
        for (int from = 0; from < table.Rows; from += BlockRows)
        {
            int rows = Math.Min(BlockRows, table.Rows - from);
            for (int c = 0; c < columns.Length; c++)
            {
                columns[c].AsSpan(from, rows).CopyTo(block.AsSpan(c * BlockRows));
            }

            Predictor.Score(block, BlockRows, rows, scores);
            finish(scores, BlockRows, rows);
            for (int row = 0; row < rows; row++)
            {
                for (int k = 0; k < outputs; k++)
                {
                    predictions[((from + row) * outputs) + k] = scores[(k * BlockRows) + row];
                }
            }
        }

        ArrayPool<float>.Shared.Return(block);
        ArrayPool<float>.Shared.Return(scores);
        return predictions;
    }
}
