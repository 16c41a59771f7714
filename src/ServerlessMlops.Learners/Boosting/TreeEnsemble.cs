namespace ServerlessMlops.Learners.Boosting;

/// <summary>Raw scores as base score plus the sum of one leaf of each tree.</summary>
public sealed class TreeEnsemble : Predictor
{
    private readonly float[] _baseScores;

    // Made by the first who scores, since a model that is trained to be written scores nothing; two who are first make the same.
    private TreeEvaluator? _evaluator;

    /// <param name="columnCount">Columns read.</param>
    /// <param name="baseScores">One a score.</param>
    /// <param name="trees">In the order in which their leaves are added up.</param>
    public TreeEnsemble(int columnCount, float[] baseScores, IReadOnlyList<DecisionTree> trees)
    {
        ArgumentNullException.ThrowIfNull(baseScores);
        ArgumentNullException.ThrowIfNull(trees);
        ColumnCount = columnCount;
        _baseScores = baseScores;
        Trees = trees;
        foreach (DecisionTree tree in trees)
        {
            TreeChecks.Check(tree, columnCount, baseScores.Length);
        }
    }

    /// <summary>Added once to each score.</summary>
    public IReadOnlyList<float> BaseScores => _baseScores;

    /// <summary>In the order in which their leaves are added up.</summary>
    public IReadOnlyList<DecisionTree> Trees { get; }

    /// <inheritdoc/>
    public override int ColumnCount { get; }

    /// <inheritdoc/>
    public override int ScoreCount => _baseScores.Length;

    /// <inheritdoc/>
    public override void Score(ReadOnlySpan<float> columns, int stride, int rows, Span<float> scores) =>
        (_evaluator ??= TreeEvaluator.Compile(ColumnCount, _baseScores, Trees)).Score(columns, stride, rows, scores);
}
