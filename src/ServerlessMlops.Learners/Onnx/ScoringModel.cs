using System.Buffers;
using System.Runtime.CompilerServices;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>
/// A model ready to score. Immutable and thread-safe; scoring allocates nothing. A row scores the same bits alone and in a batch.
/// </summary>
public sealed class ScoringModel
{
    private const int StackFloats = 2048;
    private const int BlockRows = 128;

    private readonly RowStep[] _steps;
    private readonly int _slots;
    private readonly int[] _outputs;
    private readonly CategoryDictionary?[] _dictionaries;
    private readonly RowExplainer _explainer;

    internal ScoringModel(LearningTask task, IReadOnlyList<string> classes, IReadOnlyList<ModelInput> inputs, RowStep[] steps, int slots, int[] outputs, float[]? columnMeans)
    {
        Task = task;
        Classes = classes;
        Inputs = inputs;
        _steps = steps;
        _slots = slots;
        _outputs = outputs;
        _dictionaries = [.. inputs.Select(i => i.Kind == InputKind.Category ? new CategoryDictionary(i.Categories) : null)];
        _explainer = new RowExplainer(steps, inputs.Count, slots, columnMeans);
        ExplanationFault = _explainer.Fault
            ?? (task == LearningTask.Multiclass && _explainer.ScoreCount != classes.Count ? $"it has {_explainer.ScoreCount} scores for {classes.Count} classes" : null);
    }

    /// <summary>What the model has learned.</summary>
    public LearningTask Task { get; }

    /// <summary>Class names by class number; for binary the second is the positive one; empty for regression.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Binary: the least probability of a positive decision, as the file says; 0.5 where it does not.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Regression: how far around a value the truth lies, as the file says; null where it does not.</summary>
    public ConformalInterval? Interval { get; init; }

    /// <summary>The feature vector, in order.</summary>
    public IReadOnlyList<ModelInput> Inputs { get; }

    /// <summary>Outputs a row: 1 (probability of the positive class, or the value), or one probability a class.</summary>
    public int OutputCount => _outputs.Length;

    /// <summary>Why <see cref="Explain"/> cannot explain rows of this model, as the end of a sentence; null where it can.</summary>
    public string? ExplanationFault { get; }

    /// <summary>
    /// What each input contributed to a row's raw score, before calibration and link (SHAP values: <see cref="Explaining.TreeShap"/>, or of a linear model).
    /// Allocates; thread-safe.
    /// </summary>
    /// <param name="features">As <see cref="Predict"/> takes them.</param>
    /// <param name="output">Multiclass: the class whose score is explained; else it has no meaning.</param>
    /// <param name="contributions">Receives a number for each of <see cref="Inputs"/>.</param>
    /// <returns>The score of the average training row; with the contributions it adds up to the row's score.</returns>
    /// <exception cref="InvalidOperationException"><see cref="ExplanationFault"/> is set.</exception>
    public double Explain(ReadOnlySpan<float> features, int output, Span<double> contributions)
    {
        if (ExplanationFault is not null)
        {
            throw new InvalidOperationException($"The model cannot be explained: {ExplanationFault}.");
        }

        Require(features.Length >= Inputs.Count, features.Length, Inputs.Count, "features");
        Require(contributions.Length >= Inputs.Count, contributions.Length, Inputs.Count, "contributions");
        return _explainer.Explain(features[..Inputs.Count], Task == LearningTask.Multiclass ? output : _explainer.ScoreCount - 1, contributions[..Inputs.Count]);
    }

    /// <summary>Stands for a category that the model does not know, in a feature vector.</summary>
    public const float UnknownCategory = -1;

    /// <summary>The number that stands for a category in the feature vector: its code, <see cref="UnknownCategory"/>, or NaN for an empty name, which is a missing one.</summary>
    /// <param name="input">Index of an input of kind <see cref="InputKind.Category"/>.</param>
    /// <param name="utf8">The name.</param>
    /// <exception cref="ArgumentException">The input is a number.</exception>
    public float EncodeCategory(int input, ReadOnlySpan<byte> utf8)
    {
        CategoryDictionary dictionary = _dictionaries[input]
            ?? throw new ArgumentException($"Input {input} ('{Inputs[input].Name}') is a number; expected the index of a category.", nameof(input));
        return utf8.IsEmpty ? float.NaN : dictionary.Find(utf8);
    }

    /// <summary>Scores one row.</summary>
    /// <param name="features">A number for each of <see cref="Inputs"/>: NaN is missing; categories as <see cref="EncodeCategory"/> gives them.</param>
    /// <param name="outputs">Receives <see cref="OutputCount"/> numbers.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    [SkipLocalsInit]
    public void Predict(ReadOnlySpan<float> features, Span<float> outputs)
    {
        Require(features.Length >= Inputs.Count, features.Length, Inputs.Count, "features");
        Require(outputs.Length >= OutputCount, outputs.Length, OutputCount, "outputs");
        float[]? rented = _slots > StackFloats ? ArrayPool<float>.Shared.Rent(_slots) : null;
        Span<float> work = rented ?? stackalloc float[StackFloats];
        features[..Inputs.Count].CopyTo(work);
        foreach (RowStep step in _steps)
        {
            step.Run(work, 1, 1);
        }

        for (int k = 0; k < _outputs.Length; k++)
        {
            outputs[k] = work[_outputs[k]];
        }

        if (rented is not null)
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Scores rows on the calling thread.</summary>
    /// <param name="rowMajor">Feature vectors one after another, <see cref="Inputs"/> numbers each.</param>
    /// <param name="rows">How many.</param>
    /// <param name="outputs">Receives <see cref="OutputCount"/> numbers a row, row-major.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void PredictBatch(ReadOnlySpan<float> rowMajor, int rows, Span<float> outputs)
    {
        int width = Inputs.Count, count = OutputCount;
        Require(rowMajor.Length >= (long)rows * width, rowMajor.Length, (long)rows * width, "features");
        Require(outputs.Length >= (long)rows * count, outputs.Length, (long)rows * count, "outputs");
        if (rows == 1)
        {
            Predict(rowMajor, outputs);
            return;
        }

        int blockRows = Math.Min(rows, Math.Max(8, Math.Min(BlockRows, (1 << 22) / _slots)));
        float[] work = ArrayPool<float>.Shared.Rent(_slots * blockRows);
        for (int from = 0; from < rows; from += blockRows)
        {
            int blockCount = Math.Min(blockRows, rows - from);
            Transpose(rowMajor.Slice(from * width, blockCount * width), width, work, blockRows);
            foreach (RowStep step in _steps)
            {
                step.Run(work, blockRows, blockCount);
            }

            for (int k = 0; k < count; k++)
            {
                ReadOnlySpan<float> column = work.AsSpan(_outputs[k] * blockRows, blockCount);
                for (int row = 0; row < column.Length; row++)
                {
                    outputs[((from + row) * count) + k] = column[row];
                }
            }
        }

        ArrayPool<float>.Shared.Return(work);
    }

    private static void Transpose(ReadOnlySpan<float> rowMajor, int width, float[] work, int stride)
    {
        for (int column = 0; column < width; column++)
        {
            int to = column * stride;
            for (int at = column; at < rowMajor.Length; at += width)
            {
                work[to++] = rowMajor[at];
            }
        }
    }

    private static void Require(bool holds, long found, long expected, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"There is room for {found} {what}; the model needs {expected}.");
        }
    }
}
