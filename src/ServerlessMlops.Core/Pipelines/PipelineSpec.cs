using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>
/// What a team writes to have a pipeline: <c>pipelines/{p}.yaml</c>. Property names are the YAML keys in camelCase, initial values are the
/// defaults, and the JSON Schema of the file is generated from these records, so that a key is described in one place.
/// </summary>
public sealed record PipelineSpec
{
    private const double DefaultCoverage = 0.9;

    /// <summary>The column to predict. The one key that has no default.</summary>
    public required string Target { get; init; }

    /// <summary>What is learned: binary, multiclass or regression. Inferred from the target's values when absent.</summary>
    public LearningTask? Task { get; init; }

    /// <summary>The column that joins predictions with labels. Not a feature. Rows of later uploads with the same key replace earlier ones.</summary>
    public string? Key { get; init; }

    /// <summary>The column that says when a row happened: windows and the split go by it. Not a feature.</summary>
    public string? Time { get; init; }

    /// <summary>Which uploads a training sees: <c>all</c>, the last N batches (<c>12 batches</c>), or the last period (<c>90d</c>).</summary>
    public DataWindow Window { get; init; } = DataWindow.All;

    /// <summary>What is known of columns; the rest is inferred. A column's value is a map, or in short its type or <c>ignore</c>.</summary>
    public IReadOnlyDictionary<string, ColumnSpec> Columns { get; init; } = new SortedDictionary<string, ColumnSpec>(StringComparer.Ordinal);

    /// <summary>What every upload must satisfy.</summary>
    public IReadOnlyList<Expectation> Expect { get; init; } = [];

    /// <summary>The share of an upload's rows that may be rejected (0 to 1) before the whole upload is.</summary>
    [SpecRange(0, 1)]
    public double RejectTolerance { get; init; } = 0.05;

    /// <summary>How models are trained.</summary>
    public TrainSpec Train { get; init; } = new();

    /// <summary>Columns by whose groups a model is measured too (categories by value, numbers by quartile). Sensitive columns are among them without being named.</summary>
    public IReadOnlyList<string> Slices { get; init; } = [];

    /// <summary>How a model must behave on the hold-out.</summary>
    public IReadOnlyList<BehaviouralTest> Tests { get; init; } = [];

    /// <summary>What a model must reach to be registered, such as <c>auc >= 0.70</c>, <c>auc >= champion - 0.005</c> or <c>slice carrier: auc >= 0.60</c>.</summary>
    public IReadOnlyList<GateSpec> Gates { get; init; } = [];

    /// <summary>How a registered model goes live.</summary>
    public DeploySpec Deploy { get; init; } = new();

    /// <summary>How requests are taken, answered and logged.</summary>
    public ScoringSpec Scoring { get; init; } = new();

    /// <summary>When a training starts by itself.</summary>
    public RetrainSpec Retrain { get; init; } = new();

    /// <summary>What is watched of the live model.</summary>
    public MonitorSpec Monitor { get; init; } = new();

    /// <summary>Who is told of what.</summary>
    public IReadOnlyList<AlertSpec> Alerts { get; init; } = [];

    /// <summary>Which rows people are asked to label. Absent: as its defaults say.</summary>
    public LabellingSpec? Labelling { get; init; }

    /// <summary>Regression: the share of true values that the intervals of answers hold, 0 to 1, where the model file brings none of its own.</summary>
    public double IntervalCoverage() => Scoring.Coverage ?? (Train.Interval > 0 ? Train.Interval : DefaultCoverage);

    /// <summary>Id of what the spec says: SHA-256 over its canonical JSON. Comments, order of keys and defaults spelled out do not change it.</summary>
    public string ComputeHash() => ContentAddress.OfJson(this);
}
