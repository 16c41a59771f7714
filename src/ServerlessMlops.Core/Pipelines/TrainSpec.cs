namespace ServerlessMlops.Core.Pipelines;

/// <summary>How models are trained.</summary>
public sealed record TrainSpec
{
    /// <summary>The kinds of model that compete: <c>baseline</c>, <c>linear</c>, <c>boosting</c>.</summary>
    public IReadOnlyList<string> Candidates { get; init; } = ["baseline", "linear", "boosting"];

    /// <summary>The search for better settings.</summary>
    public SearchSpec Search { get; init; } = new();

    /// <summary>The metric that picks the winner, such as <c>auc</c>, <c>logLoss</c> or <c>rmse</c>. By default the task's own.</summary>
    public string? Metric { get; init; }
}

/// <summary>The search for better settings.</summary>
public sealed record SearchSpec
{
    /// <summary>How many settings are tried beside the default ones.</summary>
    [SpecRange(0, 500)]
    public int Trials { get; init; }
}

/// <summary>Which way a prediction moves when a feature grows.</summary>
public enum MonotonicDirection
{
    /// <summary>It does not fall.</summary>
    Up,

    /// <summary>It does not rise.</summary>
    Down,
}

/// <summary>How a model must behave: exactly one kind of test.</summary>
public sealed record BehaviouralTest
{
    /// <summary>Changing this column's value must not change the prediction.</summary>
    public InvariantTest? Invariant { get; init; }

    /// <summary>Raising this column's value must move the prediction one way only.</summary>
    public MonotonicTest? Monotonic { get; init; }

    /// <summary>How far a prediction (a probability, or a share of the target's standard deviation) may stray.</summary>
    [SpecRange(0, 1e9)]
    public double Tolerance { get; init; }
}

/// <summary>Changing a column's value must not change the prediction.</summary>
public sealed record InvariantTest
{
    /// <summary>The column.</summary>
    public required string Column { get; init; }
}

/// <summary>Raising a column's value must move the prediction one way only.</summary>
public sealed record MonotonicTest
{
    /// <summary>The column.</summary>
    public required string Column { get; init; }

    /// <summary>Which way.</summary>
    public MonotonicDirection Direction { get; init; } = MonotonicDirection.Up;
}
