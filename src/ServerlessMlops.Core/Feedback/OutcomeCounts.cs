using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Feedback;

/// <summary>
/// What labels say of the predictions of one model version, as counts and sums: the currency of measured performance. Counts of two periods
/// merge by adding each number, in any order.
/// </summary>
/// <remarks>
/// Rows that were picked for labelling count by their weight, the inverse of the chance that they were picked (Horvitz and Thompson, 1952); all others
/// count 1. <see cref="Effective"/> brings weighted counts down to as many rows as they are worth.
/// </remarks>
public sealed class OutcomeCounts
{
    /// <summary>Logged predictions, with or without a label.</summary>
    public long Predictions { get; set; }

    /// <summary>Predictions whose label has come, whatever their weight.</summary>
    public long Labelled { get; set; }

    /// <summary>Sum of the weights of the labelled predictions.</summary>
    public double Weight { get; set; }

    /// <summary>Sum of the squares of those weights.</summary>
    public double WeightSquares { get; set; }

    /// <summary>Labels by the time that they took; see <see cref="DelayGroups"/>.</summary>
    public long[] Delays { get; init; } = new long[DelayGroups.Count];

    /// <summary>
    /// Classification: rows that came true by group of the probability (<see cref="ScoreGroups"/>). Binary: the positive class and its probability;
    /// multiclass: whether the winning class was right, and its probability. Empty for regression.
    /// </summary>
    public double[] CameTrue { get; init; } = [];

    /// <summary>The same for rows that did not come true.</summary>
    public double[] CameFalse { get; init; } = [];

    /// <summary>Sum of those probabilities by group: with the two above, a calibration curve.</summary>
    public double[] ScoreSums { get; init; } = [];

    /// <summary>Classification: how the decisions turned out, as a whole. Multiclass counts right ones as true positives, wrong ones as false positives.</summary>
    public GroupOutcome Decisions { get; init; } = new();

    /// <summary>Sum of the losses: log loss of a classifier, squared error of a regression.</summary>
    public double LossSum { get; set; }

    /// <summary>Sum of the squares of the losses.</summary>
    public double LossSquareSum { get; set; }

    /// <summary>Binary: sum of (probability - outcome) squared.</summary>
    public double BrierSum { get; set; }

    /// <summary>Regression: sum of the labels.</summary>
    public double LabelSum { get; set; }

    /// <summary>Regression: sum of the squared labels.</summary>
    public double LabelSquareSum { get; set; }

    /// <summary>Regression: sums of the errors by group of the predicted value (the model's own output groups).</summary>
    public ErrorSums[] Errors { get; init; } = [];

    /// <summary>Outcomes by sensitive column and its value. A value that training did not see is among <c>(other)</c>, none is <c>(missing)</c>.</summary>
    public Dictionary<string, Dictionary<string, GroupOutcome>> Groups { get; init; } = new(StringComparer.Ordinal);

    /// <summary>No outcomes, in the layout of a model.</summary>
    /// <param name="task">What the model learned.</param>
    /// <param name="outputGroups">Number of its output groups.</param>
    public static OutcomeCounts Empty(LearningTask task, int outputGroups) => task == LearningTask.Regression
        ? new OutcomeCounts { Errors = [.. Enumerable.Range(0, outputGroups).Select(_ => new ErrorSums())] }
        : new OutcomeCounts { CameTrue = new double[ScoreGroups.Count], CameFalse = new double[ScoreGroups.Count], ScoreSums = new double[ScoreGroups.Count] };

    /// <summary>Adds the counts of another period of the same model.</summary>
    /// <exception cref="ArgumentException">The other is of a model with another layout.</exception>
    public void Add(OutcomeCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (CameTrue.Length != other.CameTrue.Length || Errors.Length != other.Errors.Length)
        {
            throw new ArgumentException("Outcomes of different models do not add.", nameof(other));
        }

        Predictions += other.Predictions;
        Labelled += other.Labelled;
        (Weight, WeightSquares) = (Weight + other.Weight, WeightSquares + other.WeightSquares);
        AddTo(Delays, other.Delays);
        AddTo(CameTrue, other.CameTrue);
        AddTo(CameFalse, other.CameFalse);
        AddTo(ScoreSums, other.ScoreSums);

        for (int i = 0; i < Errors.Length; i++)
        {
            Errors[i].Add(other.Errors[i]);
        }

        Decisions.Add(other.Decisions);
        (LossSum, LossSquareSum, BrierSum) = (LossSum + other.LossSum, LossSquareSum + other.LossSquareSum, BrierSum + other.BrierSum);
        (LabelSum, LabelSquareSum) = (LabelSum + other.LabelSum, LabelSquareSum + other.LabelSquareSum);
        foreach ((string column, Dictionary<string, GroupOutcome> values) in other.Groups)
        {
            foreach ((string value, GroupOutcome outcome) in values)
            {
                Group(column, value).Add(outcome);
            }
        }
    }

    /// <summary>
    /// The same outcomes as so many rows of weight 1 as are worth as much: by Kish's effective size (1965), the square of the sum of the weights over the sum of
    /// their squares. Without weights these very counts.
    /// </summary>
    /// <remarks>That a loss goes with its row's weight is not in it: uncertain rows that were all picked make the spread look larger than it is, never smaller by much.</remarks>
    public OutcomeCounts Effective()
    {
        double scale = KishScale(Weight, WeightSquares);
        return new OutcomeCounts
        {
            Predictions = Predictions,
            Labelled = Labelled,
            Weight = Weight * scale,
            WeightSquares = Weight * scale, // each of weight 1
            Delays = Delays,
            CameTrue = [.. CameTrue.Select(rows => rows * scale)],
            CameFalse = [.. CameFalse.Select(rows => rows * scale)],
            ScoreSums = [.. ScoreSums.Select(sum => sum * scale)],
            Decisions = Decisions.Effective(),
            LossSum = LossSum * scale,
            LossSquareSum = LossSquareSum * scale,
            BrierSum = BrierSum * scale,
            LabelSum = LabelSum * scale,
            LabelSquareSum = LabelSquareSum * scale,
            Errors = [.. Errors.Select(errors => errors.Times(scale))],
            Groups = Groups.ToDictionary(
                column => column.Key, column => column.Value.ToDictionary(value => value.Key, value => value.Value.Effective(), StringComparer.Ordinal), StringComparer.Ordinal),
        };
    }

    /// <summary>What each weight is multiplied by so that they add up to the effective size; 0 without weight.</summary>
    internal static double KishScale(double weight, double squares) => squares > 0 ? weight / squares : 0;

    /// <summary>The outcomes of one value of a sensitive column; made where there is none.</summary>
    public GroupOutcome Group(string column, string value)
    {
        if (!Groups.TryGetValue(column, out Dictionary<string, GroupOutcome>? values))
        {
            Groups[column] = values = new Dictionary<string, GroupOutcome>(StringComparer.Ordinal);
        }

        if (!values.TryGetValue(value, out GroupOutcome? outcome))
        {
            values[value] = outcome = new GroupOutcome();
        }

        return outcome;
    }

    private static void AddTo(long[] sums, long[] more)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += more[i];
        }
    }

    private static void AddTo(double[] sums, double[] more)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += more[i];
        }
    }
}
