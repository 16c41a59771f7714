using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Feedback;

/// <summary>
/// What labels say of the predictions of one model version, as counts and sums: the currency of measured performance. Counts of two periods
/// merge by adding each number, in any order.
/// </summary>
public sealed class OutcomeCounts
{
    /// <summary>Logged predictions, with or without a label.</summary>
    public long Predictions { get; set; }

    /// <summary>Predictions whose label has come.</summary>
    public long Labelled { get; set; }

    /// <summary>Labels by the time that they took; see <see cref="DelayGroups"/>.</summary>
    public long[] Delays { get; init; } = new long[DelayGroups.Count];

    /// <summary>
    /// Classification: rows that came true by group of the probability (<see cref="ScoreGroups"/>). Binary: the positive class and its probability;
    /// multiclass: whether the winning class was right, and its probability. Empty for regression.
    /// </summary>
    public long[] CameTrue { get; init; } = [];

    /// <summary>The same for rows that did not come true.</summary>
    public long[] CameFalse { get; init; } = [];

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
        : new OutcomeCounts { CameTrue = new long[ScoreGroups.Count], CameFalse = new long[ScoreGroups.Count], ScoreSums = new double[ScoreGroups.Count] };

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
        AddTo(Delays, other.Delays);
        AddTo(CameTrue, other.CameTrue);
        AddTo(CameFalse, other.CameFalse);
        for (int i = 0; i < ScoreSums.Length; i++)
        {
            ScoreSums[i] += other.ScoreSums[i];
        }

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
}

/// <summary>How the decisions for a group of rows turned out.</summary>
public sealed class GroupOutcome
{
    /// <summary>Decided positive, rightly; multiclass: right.</summary>
    public long TruePositives { get; set; }

    /// <summary>Decided positive, wrongly; multiclass: wrong.</summary>
    public long FalsePositives { get; set; }

    /// <summary>Decided negative, rightly.</summary>
    public long TrueNegatives { get; set; }

    /// <summary>Decided negative, wrongly.</summary>
    public long FalseNegatives { get; set; }

    /// <summary>Regression: rows.</summary>
    public long Values { get; set; }

    /// <summary>Regression: sum of the absolute errors.</summary>
    public double AbsoluteErrorSum { get; set; }

    /// <summary>Regression: sum of the squared errors.</summary>
    public double SquareErrorSum { get; set; }

    /// <summary>Decisions.</summary>
    public long Rows => TruePositives + FalsePositives + TrueNegatives + FalseNegatives + Values;

    /// <summary>Right decisions.</summary>
    public long Right => TruePositives + TrueNegatives;

    /// <summary>Adds another's.</summary>
    public void Add(GroupOutcome other)
    {
        ArgumentNullException.ThrowIfNull(other);
        TruePositives += other.TruePositives;
        FalsePositives += other.FalsePositives;
        TrueNegatives += other.TrueNegatives;
        FalseNegatives += other.FalseNegatives;
        Values += other.Values;
        AbsoluteErrorSum += other.AbsoluteErrorSum;
        SquareErrorSum += other.SquareErrorSum;
    }
}

/// <summary>Errors of a regression, as sums.</summary>
public sealed class ErrorSums
{
    /// <summary>Rows.</summary>
    public long Rows { get; set; }

    /// <summary>Sum of prediction - label.</summary>
    public double Sum { get; set; }

    /// <summary>Sum of the absolute errors.</summary>
    public double AbsoluteSum { get; set; }

    /// <summary>Sum of the squared errors.</summary>
    public double SquareSum { get; set; }

    /// <summary>Adds another's.</summary>
    public void Add(ErrorSums other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Rows += other.Rows;
        Sum += other.Sum;
        AbsoluteSum += other.AbsoluteSum;
        SquareSum += other.SquareSum;
    }
}
