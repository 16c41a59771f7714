using ServerlessMlops.Learners.Boosting.Losses;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>One training: the scores of all rows, and the rounds that move them.</summary>
internal sealed class BoostingRun
{
    private readonly TrainingData train;
    private readonly TrainingData? validation;
    private readonly Loss loss;
    private readonly BoostingOptions options;
    private readonly int seed;
    private readonly WorkCrew crew;
    private readonly BinnedMatrix matrix;
    private readonly TreeGrower grower;
    private readonly Labels labels;
    private readonly float[] baseScores;
    private readonly float[][] scores;
    private readonly float[][] validationScores;
    private readonly long[] gradients;
    private readonly List<DecisionTree> trees = [];

    public BoostingRun(TrainingData train, TrainingData? validation, Loss loss, int[] monotonic, BoostingOptions options, int seed, WorkCrew crew)
    {
        this.train = train;
        this.validation = validation;
        this.loss = loss;
        this.options = options;
        this.seed = seed;
        this.crew = crew;
        int rows = train.Target.Length;
        labels = new Labels(train.Target, train.Weights);
        matrix = BinnedMatrix.Create(train, options.MaxBins, crew);
        grower = new TreeGrower(matrix, options, monotonic, crew);
        baseScores = loss.BaseScores(labels);
        scores = [.. baseScores.Select(s => Filled(rows, s))];
        validationScores = [.. baseScores.Select(s => Filled(validation?.Target.Length ?? 0, s))];
        gradients = options.RowSample < 1 ? GC.AllocateUninitializedArray<long>(rows) : grower.Partition.FirstGradients;
    }

    /// <summary>Rounds done.</summary>
    public int Round { get; private set; }

    /// <summary>Mean loss on the validation rows after the last round; NaN without such rows.</summary>
    public double ValidationLoss { get; private set; } = double.NaN;

    /// <summary>Raw scores of the validation rows after the last round: one array a score.</summary>
    public IReadOnlyList<float[]> ValidationScores => validationScores;

    /// <summary>Sum of weights of the validation rows.</summary>
    public double ValidationWeight => validation is null ? 0 : validation.Weights?.Sum(w => (double)w) ?? validation.Target.Length;

    /// <summary>Does one more round. Returns whether another could do anything: where no tree finds a split, the next round's would not either.</summary>
    public bool Step(CancellationToken cancellation)
    {
        Round++;
        int[]? sample = SampleRows(Round);
        int[] columns = SampleColumns(Round);
        loss.BeginRound(scores, crew);
        bool grew = false;
        for (int output = 0; output < loss.Outputs; output++)
        {
            cancellation.ThrowIfCancellationRequested();
            grew |= GrowTree(output, sample, columns);
        }

        if (validation is not null)
        {
            ValidationLoss = loss.Mean(validationScores, new Labels(validation.Target, validation.Weights));
        }

        return grew || sample is not null || options.ColumnSample < 1;
    }

    /// <summary>Does all rounds, or as many as the validation rows are worth.</summary>
    public BoostingResult Run(IProgress<BoostingProgress>? progress, CancellationToken cancellation)
    {
        var losses = new List<double>();
        var stopping = new EarlyStopping(options.EarlyStoppingRounds);
        bool goesOn = true;
        while (goesOn && Round < options.Iterations)
        {
            goesOn = Step(cancellation);
            if (validation is not null)
            {
                losses.Add(ValidationLoss);
                goesOn &= stopping.GoesOn(Round, ValidationLoss);
            }

            progress?.Report(new BoostingProgress(Round, options.Iterations, ValidationLoss));
        }

        int best = validation is null ? Round : stopping.BestRound;
        var kept = trees.GetRange(0, Math.Min(trees.Count, best * loss.Outputs));
        return new BoostingResult(new TreeEnsemble(train.Columns.Length, baseScores, kept), loss.Link, best, losses);
    }

    /// <summary>Grows a tree for one output and moves the scores; returns whether it has a split.</summary>
    private bool GrowTree(int output, int[]? sample, int[] columns)
    {
        var packed = PackedGradients.Create(matrix.Rows, gradients, (from, pairs) => loss.Gradients(output, scores, labels, from, pairs), crew);
        GrownTree grown = grower.Grow(gradients, packed, sample, columns);
        if (loss.LeafQuantile is { } quantile)
        {
            RenewLeaves(grown, quantile);
        }

        var tree = new DecisionTree([.. grown.Nodes], output);
        trees.Add(tree);
        MoveScores(grown, tree, sample is not null);
        if (validation is not null)
        {
            MoveValidationScores(tree);
        }

        return tree.Nodes.Length > 1;
    }

    private void MoveScores(GrownTree grown, DecisionTree tree, bool sampled)
    {
        float[] score = scores[tree.Output];
        if (sampled)
        {
            // Rows outside of the sample move too: all rows take the way through the tree.
            MoveByWalk(score, train.Columns, tree);
            return;
        }

        crew.Run(grown.Leaves.Count, i =>
        {
            GrowingLeaf leaf = grown.Leaves[i];
            float value = tree.Nodes[leaf.Node].Value;
            foreach (int row in grower.Partition.Rows(leaf.Rows))
            {
                score[row] += value;
            }
        });
    }

    private void MoveValidationScores(DecisionTree tree) => MoveByWalk(validationScores[tree.Output], validation!.Columns, tree);

    private void MoveByWalk(float[] score, float[][] columns, DecisionTree tree)
    {
        const int Chunk = 4096;
        TreeNode[] nodes = tree.Nodes;
        crew.Run((score.Length + Chunk - 1) / Chunk, chunk =>
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
        crew.Run(grown.Leaves.Count, i =>
        {
            GrowingLeaf leaf = grown.Leaves[i];
            ReadOnlySpan<int> rows = grower.Partition.Rows(leaf.Rows);
            var residuals = new float[rows.Length];
            for (int r = 0; r < rows.Length; r++)
            {
                residuals[r] = labels.Target[rows[r]] - scores[0][rows[r]];
            }

            float[]? weights = labels.Weights is null ? null : FeatureTable.Take<float>(labels.Weights, rows);
            double value = Math.Clamp(Quantiles.Weighted(residuals, weights, quantile), leaf.Bounds.Lower, leaf.Bounds.Upper);
            lock (grown.Nodes)
            {
                grown.Nodes[leaf.Node] = grown.Nodes[leaf.Node] with { Value = (float)(options.LearningRate * value) };
            }
        });
    }

    private int[]? SampleRows(int round)
    {
        if (options.RowSample >= 1)
        {
            return null;
        }

        int[] picked = [.. Enumerable.Range(0, matrix.Rows).Where(row => Hash.Unit(seed, 2 * round, row) < options.RowSample)];
        return picked.Length > 0 ? picked : [0];
    }

    private int[] SampleColumns(int round)
    {
        int[] all = [.. Enumerable.Range(0, matrix.Columns.Length)];
        if (options.ColumnSample >= 1 || all.Length == 0)
        {
            return all;
        }

        int take = Math.Max(1, (int)Math.Round(options.ColumnSample * all.Length));
        return [.. all.OrderBy(c => Hash.Unit(seed, (2 * round) + 1, c)).Take(take).Order()];
    }

    private static float[] Filled(int length, float value)
    {
        var array = new float[length];
        Array.Fill(array, value);
        return array;
    }
}
