using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Encoding;
using ServerlessMlops.Learners.Linear;

namespace ServerlessMlops.Learners;

/// <summary>Which learner, and its settings.</summary>
public sealed record LearnerOptions
{
    /// <summary>Predicts a constant.</summary>
    public const string Baseline = "baseline";

    /// <summary>Ridge, logistic or softmax regression, by task.</summary>
    public const string Linear = "linear";

    /// <summary>The linear models with an L1 penalty as well, chosen by rows not learned from: features of no use get a weight of 0.</summary>
    public const string ElasticNet = "elasticNet";

    /// <summary>Histogram gradient boosting.</summary>
    public const string Boosting = "boosting";

    /// <summary>The learners that every build has. ML.NET's trainers are named by <see cref="MlNet.MlNetTrainers"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = [Baseline, Linear, Boosting, ElasticNet];

    /// <summary>One of <see cref="Names"/> or of <see cref="MlNet.MlNetTrainers.Available"/>. Default boosting.</summary>
    public string Name { get; init; } = Boosting;

    /// <summary>Settings of boosting.</summary>
    public BoostingOptions BoostingOptions { get; init; } = new();

    /// <summary>Settings of the linear models.</summary>
    public LinearOptions LinearOptions { get; init; } = new();

    /// <summary>How boosting reads categories.</summary>
    public TargetStatisticsOptions CategoryOptions { get; init; } = new();

    /// <summary>Of every random choice. Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>At least 1; changes the time that training takes, never the model. Default: the machine's processors.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}

/// <summary>Rows that a learner may watch for early stopping, but does not learn from.</summary>
/// <param name="Features">Has the training table's columns, by name.</param>
/// <param name="Target">Class number or value by row.</param>
/// <param name="Weights">At least 0; null means 1 each.</param>
public sealed record ValidationSet(FeatureTable Features, float[] Target, float[]? Weights = null);

/// <summary>How far training has come.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps at most.</param>
/// <param name="ValidationLoss">Mean loss on the validation rows; NaN if there are none.</param>
public readonly record struct LearnerProgress(int Step, int Steps, double ValidationLoss);
