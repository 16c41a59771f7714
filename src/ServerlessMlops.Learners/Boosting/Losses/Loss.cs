namespace ServerlessMlops.Learners.Boosting.Losses;

/// <summary>What to learn: target and weight by row.</summary>
/// <param name="Target">Class number, count or value.</param>
/// <param name="Weights">At least 0; null means 1 each.</param>
internal readonly record struct Labels(float[] Target, float[]? Weights)
{
    public float Weight(int row) => Weights is null ? 1f : Weights[row];
}

/// <summary>
/// A loss by its derivatives. Scores are by output, then by row; boosting takes Newton steps, so a loss gives the first derivative in the score
/// and the second one, or a positive stand-in for it.
/// </summary>
internal abstract class Loss
{
    public abstract int Outputs { get; }

    public abstract Link Link { get; }

    /// <summary>The constant scores with the least loss.</summary>
    public abstract float[] BaseScores(Labels labels);

    /// <summary>Called before the trees of a round are grown, since these all see the scores from before it.</summary>
    public virtual void BeginRound(float[][] scores, WorkCrew crew)
    {
    }

    /// <summary>Writes weighted derivatives in the score of <paramref name="output"/> for rows from <paramref name="from"/> on.</summary>
    public abstract void Gradients(int output, float[][] scores, Labels labels, int from, Span<GradientPair> pairs);

    /// <summary>Weighted mean loss.</summary>
    public double Mean(float[][] scores, Labels labels)
    {
        double sum = 0, weights = 0;
        for (int row = 0; row < labels.Target.Length; row++)
        {
            double weight = labels.Weight(row);
            sum += weight * Value(scores, row, labels.Target[row]);
            weights += weight;
        }

        return weights > 0 ? sum / weights : 0;
    }

    /// <summary>Quantile of the residuals that a leaf's value is set to, for losses whose second derivative is zero; null for others.</summary>
    public virtual double? LeafQuantile => null;

    protected abstract double Value(float[][] scores, int row, float target);

    public static Loss Create(BoostingOptions options, LearningTask task, int classes)
    {
        BoostingLoss loss = options.Loss != BoostingLoss.ByTask ? options.Loss : task switch
        {
            LearningTask.Binary => BoostingLoss.Logistic,
            LearningTask.Multiclass => BoostingLoss.Softmax,
            _ => BoostingLoss.Squared,
        };
        bool fits = task switch
        {
            LearningTask.Binary => loss == BoostingLoss.Logistic,
            LearningTask.Multiclass => loss == BoostingLoss.Softmax,
            _ => loss is not (BoostingLoss.Logistic or BoostingLoss.Softmax),
        };
        if (!fits)
        {
            throw new ArgumentException($"Loss {loss} does not fit task {task}; leave it at {BoostingLoss.ByTask} or choose one for that task.", nameof(options));
        }

        return loss switch
        {
            BoostingLoss.Logistic => new LogisticLoss(),
            BoostingLoss.Softmax => new SoftmaxLoss(classes),
            BoostingLoss.Absolute => new QuantileLoss(0.5),
            BoostingLoss.Quantile => new QuantileLoss(options.Quantile),
            BoostingLoss.Poisson => new PoissonLoss(),
            _ => new SquaredLoss(),
        };
    }

    protected static double WeightedMean(Labels labels)
    {
        double sum = 0, weights = 0;
        for (int row = 0; row < labels.Target.Length; row++)
        {
            sum += (double)labels.Weight(row) * labels.Target[row];
            weights += labels.Weight(row);
        }

        return weights > 0 ? sum / weights : 0;
    }
}
