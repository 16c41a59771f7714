namespace ServerlessMlops.Learners.Boosting;

/// <summary>Raw scores as base score plus the sum of one leaf of each tree.</summary>
public sealed class TreeEnsemble : Predictor
{
    private readonly float[] baseScores;

    // Made by the first who scores, since a model that is trained to be written scores nothing; two who are first make the same.
    private TreeEvaluator? evaluator;

    /// <param name="columnCount">Columns read.</param>
    /// <param name="baseScores">One a score.</param>
    /// <param name="trees">In the order in which their leaves are added up.</param>
    public TreeEnsemble(int columnCount, float[] baseScores, IReadOnlyList<DecisionTree> trees)
    {
        ArgumentNullException.ThrowIfNull(baseScores);
        ArgumentNullException.ThrowIfNull(trees);
        ColumnCount = columnCount;
        this.baseScores = baseScores;
        Trees = trees;
        foreach (DecisionTree tree in trees)
        {
            TreeChecks.Check(tree, columnCount, baseScores.Length);
        }
    }

    /// <summary>Added once to each score.</summary>
    public IReadOnlyList<float> BaseScores => baseScores;

    /// <summary>In the order in which their leaves are added up.</summary>
    public IReadOnlyList<DecisionTree> Trees { get; }

    /// <inheritdoc/>
    public override int ColumnCount { get; }

    /// <inheritdoc/>
    public override int ScoreCount => baseScores.Length;

    /// <inheritdoc/>
    public override void Score(ReadOnlySpan<float> columns, int stride, int rows, Span<float> scores) =>
        (evaluator ??= TreeEvaluator.Compile(ColumnCount, baseScores, Trees)).Score(columns, stride, rows, scores);
}
