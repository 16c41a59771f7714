using System.Reflection;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Benchmarks.Scoring;

/// <summary>The model that is scored: 100 trees of 31 leaves on 20 numbers, trained on synthetic rows.</summary>
internal static class ScoringModelFile
{
    public const int Features = 20;
    public const string Pipeline = "synth";
    private const int Rows = 50_000;

    public static string[] Columns { get; } = [.. Enumerable.Range(0, Features).Select(i => $"f{i}")];

    public static byte[] Train()
    {
        var random = new Random(7);
        float[][] columns = [.. Columns.Select(_ => new float[Rows])];
        float[] labels = new float[Rows];
        for (int row = 0; row < Rows; row++)
        {
            double score = 0;
            for (int i = 0; i < Features; i++)
            {
                columns[i][row] = Normal(random);
                score += i % 3 == 0 ? columns[i][row] * columns[(i + 1) % Features][row] : Math.Sin(columns[i][row] * i);
            }

            labels[row] = score + Normal(random) > 0 ? 1 : 0;
        }

        var table = new FeatureTable([.. Columns.Select((name, i) => (Feature)new NumericFeature(name, columns[i]))]);
        var options = new LearnerOptions { BoostingOptions = new BoostingOptions { Iterations = 100, MaxLeaves = 31, EarlyStoppingRounds = 0, ValidationShare = 0 }, Seed = 1 };
        return OnnxWriter.Write(Learner.Train(options, table, labels, LearningTask.Binary, ["no", "yes"]));
    }

    public static ModelCard CardOf(byte[] onnx) => new()
    {
        Pipeline = Pipeline,
        ModelId = ContentAddress.Of(onnx),
        Task = LearningTask.Binary,
        Target = "label",
        Candidate = "boosting",
        Inputs = [.. Columns.Select(name => new FeatureSignature(name, FeatureKind.Number))],
        Classes = ["no", "yes"],
        Metrics = new Dictionary<string, double>(),
        Candidates = [],
        Gates = [],
        DatasetId = "synthetic",
        SpecHash = "none",
        RunId = "none",
        Seed = 1,
        TrainRows = Rows,
        HoldoutRows = 0,
        Reference = [.. Columns.Select(name => Groups(name, -2, 0.25))],
        OutputReference = Groups("output", 0.05, 0.05),
    };

    public static float Normal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));

    private static FeatureGroups Groups(string name, double from, double step) =>
        new(name, FeatureKind.Number, [.. Enumerable.Range(0, 17).Select(i => from + (i * step))], [], new long[19]);
}

/// <summary>Registry and store of that one model: answers what a scorer asks, and nothing else.</summary>
public class OneModel : DispatchProxy
{
    private byte[] _onnx = [];

    /// <summary>Makes one.</summary>
    public static T Of<T>(byte[] onnx)
        where T : class
    {
        T proxy = Create<T, OneModel>();
        ((OneModel)(object)proxy)._onnx = onnx;
        return proxy;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(IModelRegistry.GetHeadAsync) => Task.FromResult(
            new RegistryHead { Pipeline = ScoringModelFile.Pipeline, LastVersion = 1, Live = new LivePointer(1, DateTimeOffset.UnixEpoch, null) }),
        nameof(IModelStore.LoadCardAsync) => Task.FromResult<ModelCard?>(ScoringModelFile.CardOf(_onnx)),
        nameof(IModelStore.LoadModelAsync) => Task.FromResult<ReadOnlyMemory<byte>>(_onnx),
        _ => throw new NotSupportedException($"{targetMethod.Name} is no part of scoring."),
    };
}
