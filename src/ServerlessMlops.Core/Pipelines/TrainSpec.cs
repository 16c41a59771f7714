using ServerlessMlops.Learners.Calibration;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>How models are trained.</summary>
public sealed record TrainSpec
{
    /// <summary>The kinds of model that compete: <c>baseline</c>, <c>linear</c>, <c>boosting</c>, <c>elasticNet</c>; in a build with the published packages also ML.NET's <c>fasttree</c>, <c>sdca</c> and <c>lightgbm</c>.</summary>
    public IReadOnlyList<string> Candidates { get; init; } = ["baseline", "linear", "boosting"];

    /// <summary>The search for better settings.</summary>
    public SearchSpec Search { get; init; } = new();

    /// <summary>Classes: how probabilities are corrected after training, on rows that models of the same settings have not seen.</summary>
    public CalibrationMethod Calibration { get; init; }

    /// <summary>Binary: what each outcome of a decision costs; the decision turns at the probability that costs least. Without it at 0.5.</summary>
    public CostSpec? Costs { get; init; }

    /// <summary>
    /// Regression: share of true values that an interval in the model file itself is to hold, such as 0.9, found in training and given as outputs low and high by any runtime; answers
    /// have it, too. 0 for none in the file: then answers have one that the hold-out gives (scoring.coverage).
    /// </summary>
    [SpecRange(0, 0.999)]
    public double Interval { get; init; }

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

/// <summary>What each outcome of a binary decision costs, in the team's own unit; a gain is a negative cost.</summary>
public sealed record CostSpec
{
    /// <summary>Positive, rightly.</summary>
    public double Tp { get; init; }

    /// <summary>Positive, wrongly.</summary>
    public double Fp { get; init; }

    /// <summary>Negative, rightly.</summary>
    public double Tn { get; init; }

    /// <summary>Negative, wrongly.</summary>
    public double Fn { get; init; }

    /// <summary>As the learners take it.</summary>
    internal CostMatrix ToMatrix() => new(Tp, Fp, Tn, Fn);
}
