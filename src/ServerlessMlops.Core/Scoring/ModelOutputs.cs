using System.Text.Encodings.Web;
using System.Text.Json;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Scoring;

/// <summary>What a model's outputs say, by its card: the class decided for, its probability, the value that monitors count. Immutable.</summary>
public sealed class ModelOutputs
{
    private readonly JsonEncodedText[] _classes;
    private readonly double _threshold;

    /// <summary>The outputs of a model with that card.</summary>
    /// <exception cref="InvalidDataException">The card's classes are not those of the model.</exception>
    public ModelOutputs(ModelCard card, int outputCount)
    {
        int expected = card.Task == LearningTask.Multiclass ? card.Classes.Count : 1;
        if (outputCount != expected && !(card.Task == LearningTask.Binary && outputCount == 2))
        {
            throw new InvalidDataException(
                $"The card of pipeline '{card.Pipeline}' says {card.Task} with {card.Classes.Count} classes and its model gives {outputCount} output(s); expected {expected}. " +
                "Roll back to a version whose card and model belong together, or train again.");
        }

        if (card.Task == LearningTask.Binary && card.Classes.Count != 2)
        {
            throw new InvalidDataException($"The card of pipeline '{card.Pipeline}' says Binary and names {card.Classes.Count} classes; expected 2.");
        }

        Task = card.Task;
        Width = outputCount;
        _threshold = card.Threshold;
        IntervalHalfWidth = card.Task == LearningTask.Regression && card.Interval is { } interval && double.IsFinite(interval.HalfWidth) ? interval.HalfWidth : null;
        _classes = [.. card.Classes.Select(c => JsonEncodedText.Encode(c, JavaScriptEncoder.UnsafeRelaxedJsonEscaping))];
    }

    /// <summary>What the model learned.</summary>
    public LearningTask Task { get; }

    /// <summary>Outputs per row.</summary>
    public int Width { get; }

    /// <summary>Class names by class number, ready for JSON; empty for regression.</summary>
    public ReadOnlySpan<JsonEncodedText> Classes => _classes;

    /// <summary>The class that is decided for; -1 for regression.</summary>
    /// <param name="outputs">The outputs of one row.</param>
    public int Decide(ReadOnlySpan<float> outputs)
    {
        switch (Task)
        {
            case LearningTask.Regression:
                return -1;
            case LearningTask.Binary:
                return outputs[^1] >= _threshold ? 1 : 0;
            default:
                int best = 0;
                for (int i = 1; i < outputs.Length; i++)
                {
                    if (outputs[i] > outputs[best])
                    {
                        best = i;
                    }
                }

                return best;
        }
    }

    /// <summary>
    /// How close the decision was: binary, from the threshold; several classes, between the two most probable; infinite for regression, which decides nothing.
    /// </summary>
    /// <param name="outputs">The outputs of one row.</param>
    public double Margin(ReadOnlySpan<float> outputs)
    {
        switch (Task)
        {
            case LearningTask.Regression:
                return double.PositiveInfinity;
            case LearningTask.Binary:
                return Math.Abs(outputs[^1] - _threshold);
            default:
                float best = float.NegativeInfinity, second = float.NegativeInfinity;
                foreach (float output in outputs)
                {
                    (best, second) = output > best ? (output, best) : (best, Math.Max(second, output));
                }

                return (double)best - second;
        }
    }

    /// <summary>Regression: half the width of an answer's interval, in units of the target; null where the card has none.</summary>
    public double? IntervalHalfWidth { get; }

    /// <summary>The output as monitors count it: the probability of the positive class, that of the winning class, or the value.</summary>
    /// <param name="outputs">The outputs of one row.</param>
    public float Summary(ReadOnlySpan<float> outputs) => Task == LearningTask.Multiclass ? outputs[Decide(outputs)] : outputs[^1];
}
