namespace ServerlessMlops.Core.Feedback;

/// <summary>How the decisions for a group of rows turned out, each row by its weight.</summary>
public sealed class GroupOutcome
{
    /// <summary>Decided positive, rightly; multiclass: right.</summary>
    public double TruePositives { get; set; }

    /// <summary>Decided positive, wrongly; multiclass: wrong.</summary>
    public double FalsePositives { get; set; }

    /// <summary>Decided negative, rightly.</summary>
    public double TrueNegatives { get; set; }

    /// <summary>Decided negative, wrongly.</summary>
    public double FalseNegatives { get; set; }

    /// <summary>Regression: rows.</summary>
    public double Values { get; set; }

    /// <summary>Regression: sum of the absolute errors.</summary>
    public double AbsoluteErrorSum { get; set; }

    /// <summary>Regression: sum of the squared errors.</summary>
    public double SquareErrorSum { get; set; }

    /// <summary>Sum of the squares of the rows' weights.</summary>
    public double WeightSquares { get; set; }

    /// <summary>Decisions, by weight.</summary>
    public double Rows => TruePositives + FalsePositives + TrueNegatives + FalseNegatives + Values;

    /// <summary>Right decisions.</summary>
    public double Right => TruePositives + TrueNegatives;

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
        WeightSquares += other.WeightSquares;
    }

    /// <summary>The same outcomes as so many rows of weight 1 as are worth as much; see <see cref="OutcomeCounts.Effective"/>.</summary>
    public GroupOutcome Effective()
    {
        double scale = OutcomeCounts.KishScale(Rows, WeightSquares);
        return new GroupOutcome
        {
            TruePositives = TruePositives * scale,
            FalsePositives = FalsePositives * scale,
            TrueNegatives = TrueNegatives * scale,
            FalseNegatives = FalseNegatives * scale,
            Values = Values * scale,
            AbsoluteErrorSum = AbsoluteErrorSum * scale,
            SquareErrorSum = SquareErrorSum * scale,
            WeightSquares = Rows * scale,
        };
    }
}

/// <summary>Errors of a regression, as sums.</summary>
public sealed class ErrorSums
{
    /// <summary>Rows.</summary>
    public double Rows { get; set; }

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

    /// <summary>All sums times <paramref name="scale"/>.</summary>
    public ErrorSums Times(double scale) => new() { Rows = Rows * scale, Sum = Sum * scale, AbsoluteSum = AbsoluteSum * scale, SquareSum = SquareSum * scale };
}
