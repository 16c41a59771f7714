using System.Buffers;
using System.Text;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Scoring;

/// <summary>A model of two numbers and a category: probability = (speed + altitude + category's number) / 100.</summary>
internal sealed class SumPredictor(IReadOnlyList<string> categories, int outputs = 1) : IRowPredictor
{
    public const float UnknownCode = 50;

    public int FeatureCount => 3;

    public int OutputCount => outputs;

    public float EncodeCategory(int input, ReadOnlySpan<byte> utf8)
    {
        int found = categories.ToList().IndexOf(Encoding.UTF8.GetString(utf8));
        return found < 0 ? UnknownCode : found;
    }

    public float EncodeMissingCategory(int input) => -1;

    public void Predict(ReadOnlySpan<float> features, Span<float> scores)
    {
        for (int row = 0; row < features.Length / 3; row++)
        {
            float sum = 0;
            foreach (float x in features.Slice(row * 3, 3))
            {
                sum += float.IsNaN(x) ? 0 : x;
            }

            for (int i = 0; i < outputs; i++)
            {
                scores[(row * outputs) + i] = (sum + i) / 100;
            }
        }
    }
}

internal static class ScoringFixture
{
    public static readonly string[] Carriers = ["AA", "DL", "Æro \"x\""];

    public static ModelCard Card(LearningTask task = LearningTask.Binary, string[]? classes = null) => new()
    {
        Pipeline = "flights",
        ModelId = new string('a', 64),
        Task = task,
        Target = "delayed",
        Candidate = "boosting",
        Inputs =
        [
            new FeatureSignature("speed", FeatureKind.Number),
            new FeatureSignature("altitude", FeatureKind.Number),
            new FeatureSignature("carrier", FeatureKind.Category) { Categories = Carriers },
        ],
        Classes = classes ?? (task == LearningTask.Regression ? [] : ["no", "yes"]),
        Key = "flight_id",
        Metrics = new Dictionary<string, double>(),
        Candidates = [],
        Gates = [],
        DatasetId = "d",
        SpecHash = "s",
        RunId = "r",
        Seed = 1,
        TrainRows = 1,
        HoldoutRows = 1,
        Reference = [],
        OutputReference = new FeatureGroups("output", FeatureKind.Number, [], [], [0, 0]),
    };

    public static SumPredictor SumModel { get; } = new(Carriers);

    public static ScoringSignature Signature { get; } = new(Card(), SumModel);

    public static ScoringBatch NewBatch(ScoringLimits? limits = null)
    {
        var batch = new ScoringBatch();
        batch.Reset(Signature, 3, limits ?? ScoringLimits.Default);
        return batch;
    }

    public static float[] RowOf(ScoringBatch batch, int row) => batch.Features.Slice(row * 3, 3).ToArray();

    public static string Text(ArrayBufferWriter<byte> buffer) => Encoding.UTF8.GetString(buffer.WrittenSpan);
}
