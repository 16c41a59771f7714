using System.Globalization;
using System.Text;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Data.Parsing;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Feedback;

/// <summary>Counts the predictions of one model version, and the labels of those whose label has come.</summary>
public sealed class OutcomeTally
{
    // A probability of exactly 0 that comes true would be infinitely wrong; single precision ends about here.
    private const double Epsilon = 1e-7;

    private readonly ModelCard _card;
    private readonly ModelOutputs _outputs;
    private readonly Dictionary<string, int> _classes;
    private readonly double[] _edges;

    /// <summary>No outcomes yet.</summary>
    /// <param name="card">The version's card.</param>
    /// <param name="sensitive">Columns whose values are counted apart, as far as the model takes them as inputs.</param>
    public OutcomeTally(ModelCard card, IReadOnlyCollection<string> sensitive)
    {
        _card = card;
        _outputs = new ModelOutputs(card, card.Task == LearningTask.Multiclass ? card.Classes.Count : 1);
        _classes = card.Classes.Select((name, number) => (name, number)).ToDictionary(c => c.name, c => c.number, StringComparer.Ordinal);
        _edges = [.. card.OutputReference.Edges];
        Sensitive = card.Inputs.Where(input => sensitive.Contains(input.Name))
            .ToDictionary(input => input.Name, input => input.Categories.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        Counts = OutcomeCounts.Empty(card.Task, card.OutputReference.GroupCount);
    }

    /// <summary>Inputs that are counted apart, with the values that training saw; none for a number.</summary>
    public IReadOnlyDictionary<string, HashSet<string>> Sensitive { get; }

    /// <summary>The counts so far.</summary>
    public OutcomeCounts Counts { get; }

    /// <summary>
    /// What a label's text means for this model: the number of its class, or the value. Classes <c>false</c> and <c>true</c> are also written yes/no,
    /// t/f, y/n, 1/0. NaN where it means nothing.
    /// </summary>
    public double Understand(string label)
    {
        if (_card.Task == LearningTask.Regression)
        {
            return double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : double.NaN;
        }

        if (_classes.TryGetValue(label, out int known))
        {
            return known;
        }

        if (_classes.TryGetValue("true", out int whenTrue) && _classes.TryGetValue("false", out int whenFalse))
        {
            int said = label switch { "1" => 1, "0" => 0, _ => Words.ParseBoolean(Encoding.UTF8.GetBytes(label)) };
            return said switch { 1 => whenTrue, 0 => whenFalse, _ => double.NaN };
        }

        return double.NaN;
    }

    /// <summary>Counts a prediction without a label.</summary>
    public void CountPrediction() => Counts.Predictions++;

    /// <summary>Counts a prediction and its label.</summary>
    /// <param name="outputs">The model's outputs.</param>
    /// <param name="label">See <see cref="Understand"/>; not NaN.</param>
    /// <param name="delay">Time from the prediction to the label; negative counts as none.</param>
    /// <param name="groups">Values of the <see cref="Sensitive"/> inputs.</param>
    /// <param name="weight">How many predictions it stands for: 1, or the inverse of the chance that it was picked for labelling; 0 where it says nothing of others.</param>
    public void Count(ReadOnlySpan<float> outputs, double label, TimeSpan delay, IReadOnlyList<(string Column, string? Value)> groups, double weight = 1)
    {
        Counts.Predictions++;
        Counts.Labelled++;
        Counts.Delays[DelayGroups.Of(delay)]++;
        (Counts.Weight, Counts.WeightSquares) = (Counts.Weight + weight, Counts.WeightSquares + (weight * weight));
        double loss;
        var outcome = new GroupOutcome { WeightSquares = weight * weight };
        if (_card.Task == LearningTask.Regression)
        {
            double error = outputs[^1] - label;
            loss = error * error;
            Counts.LabelSum += weight * label;
            Counts.LabelSquareSum += weight * label * label;
            Counts.Errors[FeatureGroups.GroupOf(_edges, outputs[^1])].Add(new ErrorSums { Rows = 1, Sum = error, AbsoluteSum = Math.Abs(error), SquareSum = loss }.Times(weight));
            (outcome.Values, outcome.AbsoluteErrorSum, outcome.SquareErrorSum) = (weight, weight * Math.Abs(error), weight * loss);
        }
        else
        {
            int decided = _outputs.Decide(outputs);
            bool binary = _card.Task == LearningTask.Binary;
            double score = _outputs.Summary(outputs);
            bool came = binary ? label > 0.5 : decided == (int)label;
            double ofTruth = binary ? (came ? score : 1 - score) : outputs[(int)label];
            loss = -Math.Log(Math.Clamp(ofTruth, Epsilon, 1));
            int group = ScoreGroups.Of(score);
            (came ? Counts.CameTrue : Counts.CameFalse)[group] += weight;
            Counts.ScoreSums[group] += weight * score;
            Counts.BrierSum += weight * (score - (came ? 1 : 0)) * (score - (came ? 1 : 0));
            bool positive = !binary || decided == 1;
            outcome.TruePositives = positive && came ? weight : 0;
            outcome.FalsePositives = positive && !came ? weight : 0;
            outcome.TrueNegatives = !positive && !came ? weight : 0;
            outcome.FalseNegatives = !positive && came ? weight : 0;
            Counts.Decisions.Add(outcome);
        }

        Counts.LossSum += weight * loss;
        Counts.LossSquareSum += weight * loss * loss;
        foreach ((string column, string? value) in groups)
        {
            string name = value is null ? "(missing)" : Sensitive[column].Count == 0 || Sensitive[column].Contains(value) ? value : "(other)";
            Counts.Group(column, Sensitive[column].Count == 0 && value is not null ? "(number)" : name).Add(outcome);
        }
    }
}
