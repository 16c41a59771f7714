namespace ServerlessMlops.Learners.MlNet;

/// <summary>
/// ML.NET's trainers as learners. Their code is part of a build with the published packages only (<c>AzurePackages=nuget</c>); their names, and why one is
/// absent, are known to every build, so that a spec can be told what its build lacks.
/// </summary>
/// <remarks>What they learn is turned into our own records (<see cref="Boosting.TreeEnsemble"/>, <see cref="Linear.LinearPredictor"/>) and so into the same ONNX:
/// ML.NET is needed to train, never to score.</remarks>
public static partial class MlNetTrainers
{
    /// <summary>Boosted trees (MART). Two classes or a number.</summary>
    public const string FastTree = "fasttree";

    /// <summary>Linear models by stochastic dual coordinate ascent. Every task.</summary>
    public const string Sdca = "sdca";

    /// <summary>LightGBM's boosted trees. Two classes or a number; native code, so only where its package is asked for (<c>LightGbm=true</c>).</summary>
    public const string LightGbm = "lightgbm";

    private static readonly Dictionary<string, MlNetTrainer> Present = Collect();

    /// <summary>All names, in this build or not.</summary>
    public static IReadOnlyList<string> Names { get; } = [FastTree, Sdca, LightGbm];

    /// <summary>The names that this build can train; empty with <c>AzurePackages=offline</c>.</summary>
    public static IReadOnlyList<string> Available { get; } = [.. Names.Where(Present.ContainsKey)];

    /// <summary>Why a trainer cannot be had: a sentence for whoever named it; null where it can.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="task">What is to be learned; null where that is not known yet.</param>
    public static string? FaultOf(string name, LearningTask? task)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Names.Contains(name))
        {
            return $"there is no ML.NET trainer '{name}'; expected one of {string.Join(", ", Names)}.";
        }

        if (task == LearningTask.Multiclass && name != Sdca)
        {
            return $"'{name}' learns two classes or a number, and this pipeline has several classes; take 'boosting' or '{Sdca}'.";
        }

        return Present.ContainsKey(name) ? null
            : Present.Count == 0
                ? $"'{name}' is a trainer of ML.NET, which this build lacks: it was made with AzurePackages=offline. Build and publish with -p:AzurePackages=nuget, or take '{(name == Sdca ? LearnerOptions.Linear : LearnerOptions.Boosting)}'."
                : $"'{name}' needs the package Microsoft.ML.LightGbm, which this build lacks. Build and publish with -p:AzurePackages=nuget -p:LightGbm=true, or take '{FastTree}'.";
    }

    /// <summary>Trains; arguments are checked by <see cref="Learner.Train"/>.</summary>
    internal static TrainedModel Train(
        LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes, CancellationToken cancellation)
    {
        if (FaultOf(options.Name, task) is { } fault)
        {
            throw new ArgumentException($"The learner cannot be had: {fault}", nameof(options));
        }

        try
        {
            return Present[options.Name](options, new MlNetProblem(x, y, weights, task, classes), cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException && cancellation.IsCancellationRequested)
        {
            // ML.NET takes no token: the rows that it reads end, and it wraps what they end with.
            throw new OperationCanceledException("Training by ML.NET was cancelled.", e, cancellation);
        }
    }

    private static Dictionary<string, MlNetTrainer> Collect()
    {
        var trainers = new Dictionary<string, MlNetTrainer>(StringComparer.Ordinal);
        AddMicrosoftML(trainers);
        AddLightGbm(trainers);
        return trainers;
    }

    /// <summary>Implemented in the files that a build with Microsoft.ML includes; calls without an implementation are left out by the compiler.</summary>
    static partial void AddMicrosoftML(Dictionary<string, MlNetTrainer> trainers);

    /// <summary>Implemented in the file that a build with Microsoft.ML.LightGbm includes.</summary>
    static partial void AddLightGbm(Dictionary<string, MlNetTrainer> trainers);
}

/// <summary>What is to be learned from which rows.</summary>
/// <param name="X">Features.</param>
/// <param name="Y">Class number or value by row.</param>
/// <param name="Weights">By row, or null for 1 each.</param>
/// <param name="Task">What is learned.</param>
/// <param name="Classes">Class names; empty for regression.</param>
internal sealed record MlNetProblem(FeatureTable X, float[] Y, float[]? Weights, LearningTask Task, IReadOnlyList<string> Classes);

/// <summary>Trains one model.</summary>
internal delegate TrainedModel MlNetTrainer(LearnerOptions options, MlNetProblem problem, CancellationToken cancellation);
