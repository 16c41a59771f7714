namespace ServerlessMlops.Learners.Boosting;

/// <summary>Raw scores as base score plus the sum of one leaf of each tree.</summary>
public sealed class TreeEnsemble : Predictor
{
    private readonly TreeEvaluator evaluator;

    /// <param name="columnCount">Columns read.</param>
    /// <param name="baseScores">One a score.</param>
    /// <param name="trees">In the order in which their leaves are added up.</param>
    public TreeEnsemble(int columnCount, float[] baseScores, IReadOnlyList<DecisionTree> trees)
    {
        ArgumentNullException.ThrowIfNull(baseScores);
        ArgumentNullException.ThrowIfNull(trees);
        ColumnCount = columnCount;
        BaseScores = baseScores;
        Trees = trees;
        evaluator = TreeEvaluator.Compile(columnCount, baseScores, trees);
    }

    /// <summary>Added once to each score.</summary>
    public IReadOnlyList<float> BaseScores { get; }

    /// <summary>In the order in which their leaves are added up.</summary>
    public IReadOnlyList<DecisionTree> Trees { get; }

    /// <inheritdoc/>
    public override int ColumnCount { get; }

    /// <inheritdoc/>
    public override int ScoreCount => BaseScores.Count;

    /// <inheritdoc/>
    public override void Score(ReadOnlySpan<float> columns, int stride, int rows, Span<float> scores) => evaluator.Score(columns, stride, rows, scores);
}
