using System.Buffers;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Explaining;
using ServerlessMlops.Learners.Linear;
using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>
/// Explains single rows of a model read from its file: runs the program up to its predictor, takes the SHAP values of the predictor's columns and adds them up
/// by the input that each column is made of. Immutable and thread-safe.
/// </summary>
internal sealed class RowExplainer
{
    private readonly RowStep[] _before = [];
    private readonly PredictorStep? _step;
    private readonly int[] _inputs = [];
    private readonly float[]? _means;
    private readonly int _slots;

    /// <param name="steps">The model's program.</param>
    /// <param name="inputCount">Its inputs, which are the first columns of the workspace.</param>
    /// <param name="slots">Columns of the workspace.</param>
    /// <param name="means">Means of the predictor's columns over training rows, which linear models need; null where the file does not say.</param>
    public RowExplainer(RowStep[] steps, int inputCount, int slots, float[]? means)
    {
        _slots = slots;
        PredictorStep[] predictors = [.. steps.OfType<PredictorStep>()];
        if (predictors.Length != 1)
        {
            Fault = $"it has {predictors.Length} formulas (trees or linear); one can be explained";
            return;
        }

        _step = predictors[0];
        _before = steps[..Array.IndexOf(steps, _step)];
        var origins = new int[slots];
        Array.Fill(origins, ColumnOrigin.None);
        for (int i = 0; i < inputCount; i++)
        {
            origins[i] = i;
        }

        foreach (RowStep earlier in _before)
        {
            earlier.Trace(origins);
        }

        _inputs = origins[_step.From..(_step.From + _step.Predictor.ColumnCount)];
        Fault = _inputs.Contains(ColumnOrigin.Several) ? "it mixes several inputs in one column" : FaultOf(_step.Predictor, means);
        _means = means;
    }

    /// <summary>Why rows cannot be explained; null where they can.</summary>
    public string? Fault { get; }

    /// <summary>Scores of the predictor.</summary>
    public int ScoreCount => _step?.Predictor.ScoreCount ?? 0;

    /// <summary>Writes each input's contribution to a score of the predictor, before calibration and link.</summary>
    /// <returns>The score of the average training row: with the contributions it adds up to the row's.</returns>
    public double Explain(ReadOnlySpan<float> features, int score, Span<double> contributions)
    {
        float[] work = ArrayPool<float>.Shared.Rent(_slots);
        features.CopyTo(work);
        foreach (RowStep earlier in _before)
        {
            earlier.Run(work, 1, 1);
        }

        ReadOnlySpan<float> row = work.AsSpan(_step!.From, _inputs.Length);
        (double[] values, double expected) = _step.Predictor is TreeEnsemble trees ? TreeShap.Explain(trees, row, score) : ExplainLinear((LinearPredictor)_step.Predictor, row, score);
        contributions.Clear();
        for (int column = 0; column < values.Length; column++)
        {
            if (_inputs[column] >= 0)
            {
                contributions[_inputs[column]] += values[column];
            }
        }

        ArrayPool<float>.Shared.Return(work);
        return expected;
    }

    private (double[] Values, double Base) ExplainLinear(LinearPredictor linear, ReadOnlySpan<float> row, int score)
    {
        // Without means all coefficients are 0, and so are all contributions.
        var none = new float[row.Length];
        return Explainer.ExplainLinear(linear, row, _means ?? none, score);
    }

    private static string? FaultOf(Predictor predictor, float[]? means) => predictor switch
    {
        TreeEnsemble trees when trees.Trees.Any(t => t.Nodes[0].Cover == 0) =>
            "its file does not say how many training rows came to each node of its trees (nodes_hitrates); train again, or export with them",
        LinearPredictor linear when means?.Length != linear.ColumnCount && linear.Coefficients.Any(row => row.Any(c => c != 0)) =>
            "its file does not say the means of its columns in training; train again",
        _ => null,
    };
}
