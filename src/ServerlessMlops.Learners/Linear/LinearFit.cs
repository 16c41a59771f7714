using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Linear;

/// <summary>A linear model's coefficients on one set of rows, for any strength of the L1 penalty; each fit starts where the last one ended.</summary>
internal sealed class LinearFit
{
    private readonly LearnerOptions options;
    private readonly FeatureTable x;
    private readonly LearningTask task;
    private readonly IReadOnlyList<string> classes;
    private readonly LinearDesign design;
    private readonly LinearObjective objective;
    private readonly double offset;
    private readonly double scale;
    private readonly double[] at;

    public LinearFit(LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes, WorkCrew crew)
    {
        (this.options, this.x, this.task, this.classes) = (options, x, task, classes);
        design = LinearDesign.Create(x, weights);

        // A regression target is standardised as well, so that the tolerance means the same for dollars and for kilometres.
        (offset, scale) = task == LearningTask.Regression ? LinearTraining.Standardize(y, weights) : (0, 1);
        float[] target = task == LearningTask.Regression ? Array.ConvertAll(y, v => (float)((v - offset) / scale)) : y;
        TotalWeight = weights?.Sum(w => (double)w) ?? y.Length;
        objective = new LinearObjective(design, target, weights, task, task == LearningTask.Multiclass ? classes.Count : 1, options.LinearOptions.L2, crew);
        at = new double[objective.Size];
    }

    /// <summary>Sum of the rows' weights.</summary>
    public double TotalWeight { get; }

    /// <summary>Minimises; returns the number of steps.</summary>
    public int Minimize(double l1, IProgress<LearnerProgress>? progress, CancellationToken cancellation)
    {
        LinearOptions linear = options.LinearOptions;
        void Report(int step) => progress?.Report(new LearnerProgress(step, linear.MaxIterations, double.NaN));
        return l1 == 0
            ? Lbfgs.Minimize(objective.Evaluate, at, linear.MaxIterations, linear.Tolerance, Report, cancellation)
            : OrthantWise.Minimize(objective.Evaluate, Penalties(l1), at, linear.MaxIterations, linear.Tolerance, Report, cancellation);
    }

    /// <summary>The least L1 at which all coefficients but the intercepts are zero; leaves that model as the start of the next fit.</summary>
    public double LargestL1(CancellationToken cancellation)
    {
        double[] penalties = Penalties(double.MaxValue);
        OrthantWise.Minimize(objective.Evaluate, penalties, at, options.LinearOptions.MaxIterations, options.LinearOptions.Tolerance, _ => { }, cancellation);
        var gradient = new double[at.Length];
        objective.Evaluate(at, gradient);
        return TotalWeight * gradient.Where((_, i) => penalties[i] > 0).Select(Math.Abs).DefaultIfEmpty(0).Max();
    }

    /// <summary>The model of the last fit.</summary>
    public TrainedModel Model(int steps)
    {
        double[][] coefficients = [.. at.Chunk(design.Parameters)];
        if (task == LearningTask.Regression)
        {
            coefficients = [[.. coefficients[0].Select(c => c * scale)]];
            coefficients[0][^1] += offset;
        }

        (List<EncodedColumn> columns, LinearPredictor predictor) = design.Finish(coefficients);
        return new TrainedModel
        {
            Task = task, Learner = options.Name, Classes = classes, Inputs = x.Inputs, Columns = columns, Predictor = predictor, Iterations = steps, Settings = options,
            ColumnMeans = ColumnEncoder.Means(columns, x.Inputs, x),
            Link = task switch { LearningTask.Binary => Link.Logistic, LearningTask.Multiclass => Link.Softmax, _ => Link.Identity },
        };
    }

    private double[] Penalties(double l1) =>
        [.. Enumerable.Range(0, at.Length).Select(i => (i + 1) % design.Parameters == 0 ? 0 : l1 / TotalWeight)];
}
