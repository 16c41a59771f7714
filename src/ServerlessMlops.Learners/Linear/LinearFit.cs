using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Linear;

/// <summary>A linear model's coefficients on one set of rows, for any strength of the L1 penalty; each fit starts where the last one ended.</summary>
internal sealed class LinearFit
{
    private readonly LearnerOptions _options;
    private readonly FeatureTable _x;
    private readonly LearningTask _task;
    private readonly IReadOnlyList<string> _classes;
    private readonly LinearDesign _design;
    private readonly LinearObjective _objective;
    private readonly double _offset;
    private readonly double _scale;
    private readonly double[] _at;

    public LinearFit(LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes, WorkCrew crew)
    {
        (_options, _x, _task, _classes) = (options, x, task, classes);
        _design = LinearDesign.Create(x, weights);

        // A regression target is standardised as well, so that the tolerance means the same for dollars and for kilometres.
        (_offset, _scale) = task == LearningTask.Regression ? LinearTraining.Standardize(y, weights) : (0, 1);
        float[] target = task == LearningTask.Regression ? Array.ConvertAll(y, v => (float)((v - _offset) / _scale)) : y;
        TotalWeight = weights?.Sum(w => (double)w) ?? y.Length;
        _objective = new LinearObjective(_design, target, weights, task, task == LearningTask.Multiclass ? classes.Count : 1, options.LinearOptions.L2, crew);
        _at = new double[_objective.Size];
    }

    /// <summary>Sum of the rows' weights.</summary>
    public double TotalWeight { get; }

    /// <summary>Minimises; returns the number of steps.</summary>
    public int Minimize(double l1, IProgress<LearnerProgress>? progress, CancellationToken cancellation)
    {
        LinearOptions linear = _options.LinearOptions;
        void Report(int step) => progress?.Report(new LearnerProgress(step, linear.MaxIterations, double.NaN));
        return l1 == 0
            ? Lbfgs.Minimize(_objective.Evaluate, _at, linear.MaxIterations, linear.Tolerance, Report, cancellation)
            : OrthantWise.Minimize(_objective.Evaluate, Penalties(l1), _at, linear.MaxIterations, linear.Tolerance, Report, cancellation);
    }

    /// <summary>The least L1 at which all coefficients but the intercepts are zero; leaves that model as the start of the next fit.</summary>
    public double LargestL1(CancellationToken cancellation)
    {
        double[] penalties = Penalties(double.MaxValue);
        OrthantWise.Minimize(_objective.Evaluate, penalties, _at, _options.LinearOptions.MaxIterations, _options.LinearOptions.Tolerance, _ => { }, cancellation);
        var gradient = new double[_at.Length];
        _objective.Evaluate(_at, gradient);
        return TotalWeight * gradient.Where((_, i) => penalties[i] > 0).Select(Math.Abs).DefaultIfEmpty(0).Max();
    }

    /// <summary>The model of the last fit.</summary>
    public TrainedModel Model(int steps)
    {
        double[][] coefficients = [.. _at.Chunk(_design.Parameters)];
        if (_task == LearningTask.Regression)
        {
            coefficients = [[.. coefficients[0].Select(c => c * _scale)]];
            coefficients[0][^1] += _offset;
        }

        (List<EncodedColumn> columns, LinearPredictor predictor) = _design.Finish(coefficients);
        return new TrainedModel
        {
            Task = _task, Learner = _options.Name, Classes = _classes, Inputs = _x.Inputs, Columns = columns, Predictor = predictor, Iterations = steps, Settings = _options,
            ColumnMeans = ColumnEncoder.Means(columns, _x.Inputs, _x),
            Link = _task switch { LearningTask.Binary => Link.Logistic, LearningTask.Multiclass => Link.Softmax, _ => Link.Identity },
        };
    }

    private double[] Penalties(double l1) =>
        [.. Enumerable.Range(0, _at.Length).Select(i => (i + 1) % _design.Parameters == 0 ? 0 : l1 / TotalWeight)];
}
