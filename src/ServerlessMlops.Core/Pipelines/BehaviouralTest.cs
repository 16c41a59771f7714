namespace ServerlessMlops.Core.Pipelines;

/// <summary>How a model must behave on the hold-out: exactly one kind of test.</summary>
public sealed record BehaviouralTest
{
    /// <summary>The keys that name a kind of test.</summary>
    internal static readonly string[] AllKinds = ["invariant", "monotonic", "range", "cases", "overlap", "leakage", "missing"];

    /// <summary>What the test is called in verdicts. By default its kind and column.</summary>
    public string? Name { get; init; }

    /// <summary>Changing this column's value must not change the prediction.</summary>
    public InvariantTest? Invariant { get; init; }

    /// <summary>Raising this column's value must move the prediction one way only.</summary>
    public MonotonicTest? Monotonic { get; init; }

    /// <summary>Predictions stay between these bounds: values of a regression, probabilities of the positive class of two, of the winning class of several.</summary>
    public RangeTest? Range { get; init; }

    /// <summary>Named rows and what the model must answer to them.</summary>
    public IReadOnlyList<TestCase>? Cases { get; init; }

    /// <summary>Few rows of the hold-out stand in the training rows too, feature for feature and with the same label.</summary>
    public OverlapTest? Overlap { get; init; }

    /// <summary>No column alone tells the target: one that does has mostly been written after the fact.</summary>
    public LeakageTest? Leakage { get; init; }

    /// <summary>Missing values make the model only so much worse.</summary>
    public MissingTest? Missing { get; init; }

    /// <summary>How far a prediction may stray (invariant, monotonic): a probability, or a share of the target's standard deviation.</summary>
    [SpecRange(0, 1e9)]
    public double Tolerance { get; init; }

    /// <summary>The share of rows or cases (0 to 1) that must pass (invariant, monotonic, range, cases).</summary>
    [SpecRange(0, 1)]
    public double Mostly { get; init; } = 1;

    /// <summary>What follows when it is not passed, be it failed or undecided for want of evidence.</summary>
    public CheckSeverity Severity { get; init; }

    /// <summary>The kinds that are given.</summary>
    internal IEnumerable<string> Kinds => AllKinds.Zip(new object?[] { Invariant, Monotonic, Range, Cases, Overlap, Leakage, Missing }).Where(kind => kind.Second is not null).Select(kind => kind.First);

    /// <summary>What verdicts call it.</summary>
    internal string Title => Name ?? (Invariant?.Column ?? Monotonic?.Column) switch
    {
        { } column when Monotonic is { } monotonic => $"monotonic {column} {(monotonic.Direction == MonotonicDirection.Up ? "up" : "down")}",
        { } column => $"invariant {column}",
        _ => Kinds.First(),
    };
}

/// <summary>Changing a column's value must not change the prediction.</summary>
public sealed record InvariantTest
{
    /// <summary>The column. Categories are exchanged for the most frequent others, numbers for the nine deciles of the hold-out.</summary>
    public required string Column { get; init; }
}

/// <summary>Which way a prediction moves when a feature grows.</summary>
public enum MonotonicDirection
{
    /// <summary>It does not fall.</summary>
    Up,

    /// <summary>It does not rise.</summary>
    Down,
}

/// <summary>Raising a column's value must move the prediction one way only.</summary>
public sealed record MonotonicTest
{
    /// <summary>The column, of numbers. Each row is asked at the nine deciles of the hold-out.</summary>
    public required string Column { get; init; }

    /// <summary>Which way.</summary>
    public MonotonicDirection Direction { get; init; } = MonotonicDirection.Up;

    /// <summary>With several classes: the class whose probability is meant.</summary>
    public string? Class { get; init; }
}

/// <summary>Bounds of predictions, both included.</summary>
public sealed record RangeTest
{
    /// <summary>Lowest.</summary>
    [SpecRange(-1e300, 1e300)]
    public double? AtLeast { get; init; }

    /// <summary>Highest.</summary>
    [SpecRange(-1e300, 1e300)]
    public double? AtMost { get; init; }
}

/// <summary>A row and what the model must answer to it.</summary>
public sealed record TestCase
{
    /// <summary>What the case is called. By default its number.</summary>
    public string? Name { get; init; }

    /// <summary>Values by column, as a file would have them. Columns that are left out are missing.</summary>
    public required IReadOnlyDictionary<string, string> Row { get; init; }

    /// <summary>The class that is decided: from probability 0.5 on with two classes, the most probable one with several.</summary>
    public string? Class { get; init; }

    /// <summary>The least value, or probability (of <c>class</c> where that is given, else of the positive class).</summary>
    [SpecRange(-1e300, 1e300)]
    public double? AtLeast { get; init; }

    /// <summary>The largest value, or probability.</summary>
    [SpecRange(-1e300, 1e300)]
    public double? AtMost { get; init; }
}

/// <summary>Bounds the rows that stand on both sides of the split.</summary>
public sealed record OverlapTest
{
    /// <summary>The largest share of hold-out rows (0 to 1).</summary>
    [SpecRange(0, 1)]
    public double AtMost { get; init; } = 0.01;
}

/// <summary>Bounds how well one column alone tells the target.</summary>
public sealed record LeakageTest
{
    /// <summary>The largest area under the ROC curve (two classes; their mean over classes, each against the rest, for several) or share of variance explained (regression).</summary>
    [SpecRange(0, 1)]
    public double AtMost { get; init; } = 0.99;
}

/// <summary>Bounds what missing values cost.</summary>
public sealed record MissingTest
{
    /// <summary>Columns whose values are taken away. By default all.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The share of those values (0 to 1) that is taken away, by chance.</summary>
    [SpecRange(0, 1)]
    public double Share { get; init; } = 0.1;

    /// <summary>How much worse the metric may become, in units of the metric.</summary>
    [SpecRange(0, 1e300)]
    public double AtMost { get; init; } = 0.05;
}
