using ServerlessMlops.Learners.Boosting.Losses;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>One training: the scores of all rows, and the rounds that move them.</summary>
internal sealed class BoostingRun
{
    private readonly TrainingData _train;
    private readonly TrainingData? _validation;
    private readonly Loss _loss;
    private readonly BoostingOptions _options;
    private readonly int _seed;
    private readonly WorkCrew _crew;
    private readonly BinnedMatrix _matrix;
    private readonly TreeGrower _grower;
    private readonly Labels _labels;
    private readonly float[] _baseScores;
    private readonly float[][] _scores;
    private readonly float[][] _validationScores;
    private readonly long[] _gradients;
    private readonly List<DecisionTree> _trees = [];

    public BoostingRun(TrainingData train, TrainingData? validation, Loss loss, int[] monotonic, BoostingOptions options, int seed, WorkCrew crew)
    {
        _train = train;
        _validation = validation;
        _loss = loss;
        _options = options;
        _seed = seed;
        _crew = crew;
        int rows = train.Target.Length;
        _labels = new Labels(train.Target, train.Weights);
        _matrix = BinnedMatrix.Create(train, options.MaxBins, crew);
        _grower = new TreeGrower(_matrix, options, monotonic, crew);
        _baseScores = loss.BaseScores(_labels);
        _scores = [.. _baseScores.Select(s => Filled(rows, s))];
        _validationScores = [.. _baseScores.Select(s => Filled(validation?.Target.Length ?? 0, s))];
        _gradients = options.RowSample < 1 ? GC.AllocateUninitializedArray<long>(rows) : _grower.Partition.FirstGradients;
    }

    /// <summary>Rounds done.</summary>
    public int Round { get; private set; }

    /// <summary>Mean loss on the validation rows after the last round; NaN without such rows.</summary>
    public double ValidationLoss { get; private set; } = double.NaN;

    /// <summary>Sum of weights of the validation rows.</summary>
    public double ValidationWeight => _validation is null ? 0 : _validation.Weights?.Sum(w => (double)w) ?? _validation.Target.Length;

    /// <summary>Does one more round. Returns whether another could do anything: where no tree finds a split, the next round's would not either.</summary>
    public bool Step(CancellationToken cancellation)
    {
        Round++;
        int[]? sample = SampleRows(Round);
        int[] columns = SampleColumns(Round);
        _loss.BeginRound(_scores, _crew);
        bool grew = false;
        for (int output = 0; output < _loss.Outputs; output++)
        {
            cancellation.ThrowIfCancellationRequested();
            grew |= GrowTree(output, sample, columns);
        }

        if (_validation is not null)
        {
            ValidationLoss = _loss.Mean(_validationScores, new Labels(_validation.Target, _validation.Weights));
        }

        return grew || sample is not null || _options.ColumnSample < 1;
    }

    /// <summary>Does all rounds, or as many as the validation rows are worth.</summary>
    public BoostingResult Run(IProgress<BoostingProgress>? progress, CancellationToken cancellation)
    {
        var losses = new List<double>();
        var stopping = new EarlyStopping(_options.EarlyStoppingRounds);
        bool goesOn = true;
        while (goesOn && Round < _options.Iterations)
        {
            goesOn = Step(cancellation);
            if (_validation is not null)
            {
                losses.Add(ValidationLoss);
                goesOn &= stopping.GoesOn(Round, ValidationLoss);
            }

            progress?.Report(new BoostingProgress(Round, _options.Iterations, ValidationLoss));
        }

        int best = _validation is null ? Round : stopping.BestRound;
        var kept = _trees.GetRange(0, Math.Min(_trees.Count, best * _loss.Outputs));
        return new BoostingResult(new TreeEnsemble(_train.Columns.Length, _baseScores, kept), _loss.Link, best, losses);
    }

    /// <summary>Grows a tree for one output and moves the scores; returns whether it has a split.</summary>
    private bool GrowTree(int output, int[]? sample, int[] columns)
    {
        var packed = PackedGradients.Create(_matrix.Rows, _gradients, (from, pairs) => _loss.Gradients(output, _scores, _labels, from, pairs), _crew);
        GrownTree grown = _grower.Grow(_gradients, packed, sample, columns);
        if (_loss.LeafQuantile is { } quantile)
        {
            RenewLeaves(grown, quantile);
        }

        var tree = new DecisionTree([.. grown.Nodes], output);
        _trees.Add(tree);
        MoveScores(grown, tree, sample is not null);
        if (_validation is not null)
        {
            MoveValidationScores(tree);
        }

        return tree.Nodes.Length > 1;
    }

    private void MoveScores(GrownTree grown, DecisionTree tree, bool sampled)
    {
        float[] score = _scores[tree.Output];
        if (sampled)
        {
            // Rows outside of the sample move too: all rows take the way through the tree.
            MoveByWalk(score, _train.Columns, tree);
            return;
        }

        _crew.Run(grown.Leaves.Count, i =>
        {
            GrowingLeaf leaf = grown.Leaves[i];
            float value = tree.Nodes[leaf.Node].Value;
            foreach (int row in _grower.Partition.Rows(leaf.Rows))
            {
                score[row] += value;
            }
        });
    }

    private void MoveValidationScores(DecisionTree tree) => MoveByWalk(_validationScores[tree.Output], _validation!.Columns, tree);

    private void MoveByWalk(float[] score, float[][] columns, DecisionTree tree)
    {
        const int Chunk = 4096;
        TreeNode[] nodes = tree.Nodes;
        _crew.Run((score.Length + Chunk - 1) / Chunk, chunk =>
        {
            for (int row = chunk * Chunk, end = Math.Min(score.Length, row + Chunk); row < end; row++)
            {
                int at = 0;
                while (!nodes[at].IsLeaf)
                {
                    ref readonly TreeNode node = ref nodes[at];
                    at = node.GoesLeft(columns[node.Column][row]) ? node.Left : node.Right;
                }

                score[row] += nodes[at].Value;
            }
        });
    }

    /// <summary>Sets every leaf's value to the learning rate times a quantile of its residuals, within its monotonic bounds.</summary>
    private void RenewLeaves(GrownTree grown, double quantile)
    {
        _crew.Run(grown.Leaves.Count, i =>
        {
            GrowingLeaf leaf = grown.Leaves[i];
            ReadOnlySpan<int> rows = _grower.Partition.Rows(leaf.Rows);
            var residuals = new float[rows.Length];
            for (int r = 0; r < rows.Length; r++)
            {
                residuals[r] = _labels.Target[rows[r]] - _scores[0][rows[r]];
            }

            float[]? weights = _labels.Weights is null ? null : FeatureTable.Take<float>(_labels.Weights, rows);
            double value = Math.Clamp(Quantiles.Weighted(residuals, weights, quantile), leaf.Bounds.Lower, leaf.Bounds.Upper);
            lock (grown.Nodes)
            {
                grown.Nodes[leaf.Node] = grown.Nodes[leaf.Node] with { Value = (float)(_options.LearningRate * value) };
            }
        });
    }

    private int[]? SampleRows(int round)
    {
        if (_options.RowSample >= 1)
        {
            return null;
        }

        int[] picked = [.. Enumerable.Range(0, _matrix.Rows).Where(row => Hash.Unit(_seed, 2 * round, row) < _options.RowSample)];
        return picked.Length > 0 ? picked : [0];
    }

    private int[] SampleColumns(int round)
    {
        int[] all = [.. Enumerable.Range(0, _matrix.Columns.Length)];
        if (_options.ColumnSample >= 1 || all.Length == 0)
        {
            return all;
        }

        int take = Math.Max(1, (int)Math.Round(_options.ColumnSample * all.Length));
        return [.. all.OrderBy(c => Hash.Unit(_seed, (2 * round) + 1, c)).Take(take).Order()];
    }

    private static float[] Filled(int length, float value)
    {
        var array = new float[length];
        Array.Fill(array, value);
        return array;
    }
}
