namespace ServerlessMlops.Core.Pipelines;

/// <summary>How models are trained.</summary>
public sealed record TrainSpec
{
    /// <summary>The kinds of model that compete: <c>baseline</c>, <c>linear</c>, <c>boosting</c>; in a build with the published packages also ML.NET's <c>fasttree</c>, <c>sdca</c> and <c>lightgbm</c>.</summary>
    public IReadOnlyList<string> Candidates { get; init; } = ["baseline", "linear", "boosting"];

    /// <summary>The search for better settings.</summary>
    public SearchSpec Search { get; init; } = new();

    /// <summary>The metric that picks the winner, such as <c>auc</c>, <c>logLoss</c> or <c>rmse</c>. By default the task's own.</summary>
    public string? Metric { get; init; }
}

/// <summary>The search for better settings.</summary>
public sealed record SearchSpec
{
    /// <summary>How many settings are tried beside the default ones. With a budget of time the most that are; 200 where only that is given.</summary>
    [SpecRange(0, 500)]
    public int Trials { get; init; }

    /// <summary>Seconds after which no further trial begins; 0 means that only the number of trials ends the search.</summary>
    [SpecRange(0, 86_400)]
    public double Seconds { get; init; }

    /// <summary>Settings to try at most, beside the default ones; 0 for no search.</summary>
    internal int MostTrials => Trials > 0 ? Trials : Seconds > 0 ? TrialsByTime : 0;

    private const int TrialsByTime = 200;
}
