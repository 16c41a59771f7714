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
