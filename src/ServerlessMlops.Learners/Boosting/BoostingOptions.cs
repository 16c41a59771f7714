namespace ServerlessMlops.Learners.Boosting;

/// <summary>What boosting minimises.</summary>
public enum BoostingLoss
{
    /// <summary>By task: <see cref="Logistic"/>, <see cref="Softmax"/> or <see cref="Squared"/>.</summary>
    ByTask,

    /// <summary><c>(y - s)^2 / 2</c>; predicts the mean.</summary>
    Squared,

    /// <summary><c>|y - s|</c>; predicts the median.</summary>
    Absolute,

    /// <summary>Pinball loss at <see cref="BoostingOptions.Quantile"/>; predicts that quantile.</summary>
    Quantile,

    /// <summary><c>exp(s) - y s</c>; predicts the mean of counts, y at least 0.</summary>
    Poisson,

    /// <summary>Log loss of two classes.</summary>
    Logistic,

    /// <summary>Log loss of several classes.</summary>
    Softmax,
}

/// <summary>Settings of gradient boosting. The defaults are meant for data that nobody has looked at yet.</summary>
public sealed record BoostingOptions
{
    /// <summary>What is minimised. Default: by task.</summary>
    public BoostingLoss Loss { get; init; } = BoostingLoss.ByTask;

    /// <summary>Quantile for <see cref="BoostingLoss.Quantile"/>, above 0 and below 1. Default 0.5.</summary>
    public double Quantile { get; init; } = 0.5;

    /// <summary>Most rounds; a round grows one tree (several classes: one a class). 1 to 10,000, default 300.</summary>
    public int Iterations { get; init; } = 300;

    /// <summary>Factor on every leaf, above 0 to 1. Default 0.1.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>
    /// Most leaves a tree, 2 to 4,096. Default 31. Up to 32 score fastest. Where rounds are cross-validated (see <see cref="ValidationShare"/>), a quarter of
    /// them is tried as well.
    /// </summary>
    public int MaxLeaves { get; init; } = 31;

    /// <summary>Most splits between root and leaf, 1 to 64; 0 (default) means no limit.</summary>
    public int MaxDepth { get; init; }

    /// <summary>Fewest rows in a leaf, at least 1. Default 20. Inside a leaf rows are counted by their share of its hessian.</summary>
    public int MinSamplesLeaf { get; init; } = 20;

    /// <summary>Smallest sum of hessians in a leaf, at least 0. Default 0.001.</summary>
    public double MinChildWeight { get; init; } = 1e-3;

    /// <summary>L2 penalty on leaf values, at least 0. Default 1: with 0, a class of few rows lets softmax diverge.</summary>
    public double L2 { get; init; } = 1;

    /// <summary>Most bins a column, 2 to 255, the missing bin apart. Default 255.</summary>
    public int MaxBins { get; init; } = 255;

    /// <summary>Rows of gradient 0 that a category is given beside its own where a leaf's categories are put in order to be split into two sets, at least 0. Default 10.</summary>
    public double CategorySmoothing { get; init; } = 10;

    /// <summary>A category of fewer rows in a leaf is not split from others of its kind there, at least 1. Default 10.</summary>
    public int MinCategoryRows { get; init; } = 10;

    /// <summary>Share of rows that a tree sees, above 0 to 1. Default 1.</summary>
    public double RowSample { get; init; } = 1;

    /// <summary>Share of columns that a tree sees, above 0 to 1. Default 1.</summary>
    public double ColumnSample { get; init; } = 1;

    /// <summary>By feature name: 1 the prediction must not fall as the feature grows, -1 must not rise. Default none. Numbers only.</summary>
    public IReadOnlyDictionary<string, int> Monotonic { get; init; } = new Dictionary<string, int>();

    /// <summary>Stop when the validation loss has not improved for so many rounds; 0 means never. Default 20.</summary>
    public int EarlyStoppingRounds { get; init; } = 20;

    /// <summary>
    /// Share of training rows held out for early stopping when the caller gives no validation rows, 0 to 0.5. Default 0.1; 0 means no early stopping then.
    /// Fewer than 20,000 rows are cross-validated instead, and all of them learned from.
    /// </summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>All faults of these settings, each a sentence; empty if there are none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        Check(Iterations is >= 1 and <= 10_000, nameof(Iterations), Iterations, "1 to 10000");
        Check(LearningRate is > 0 and <= 1, nameof(LearningRate), LearningRate, "above 0, to 1");
        Check(MaxLeaves is >= 2 and <= 4096, nameof(MaxLeaves), MaxLeaves, "2 to 4096");
        Check(MaxDepth is >= 0 and <= 64, nameof(MaxDepth), MaxDepth, "0 (no limit) to 64");
        Check(MinSamplesLeaf >= 1, nameof(MinSamplesLeaf), MinSamplesLeaf, "at least 1");
        Check(MinChildWeight >= 0, nameof(MinChildWeight), MinChildWeight, "at least 0");
        Check(L2 >= 0 && double.IsFinite(L2), nameof(L2), L2, "at least 0");
        Check(MaxBins is >= 2 and <= 255, nameof(MaxBins), MaxBins, "2 to 255");
        Check(CategorySmoothing >= 0 && double.IsFinite(CategorySmoothing), nameof(CategorySmoothing), CategorySmoothing, "at least 0");
        Check(MinCategoryRows >= 1, nameof(MinCategoryRows), MinCategoryRows, "at least 1");
        Check(RowSample is > 0 and <= 1, nameof(RowSample), RowSample, "above 0, to 1");
        Check(ColumnSample is > 0 and <= 1, nameof(ColumnSample), ColumnSample, "above 0, to 1");
        Check(Quantile is > 0 and < 1, nameof(Quantile), Quantile, "above 0, below 1");
        Check(EarlyStoppingRounds >= 0, nameof(EarlyStoppingRounds), EarlyStoppingRounds, "at least 0");
        Check(ValidationShare is >= 0 and <= 0.5, nameof(ValidationShare), ValidationShare, "0 to 0.5");
        foreach ((string feature, int direction) in Monotonic)
        {
            Check(direction is -1 or 0 or 1, $"{nameof(Monotonic)}['{feature}']", direction, "-1, 0 or 1");
        }

        return faults;

        void Check(bool holds, string name, object found, string expected)
        {
            if (!holds)
            {
                faults.Add($"{name} is {found}; expected {expected}.");
            }
        }
    }
}
