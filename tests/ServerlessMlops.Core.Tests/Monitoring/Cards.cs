using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Monitoring;

/// <summary>Model cards for tests: one number feature <c>x</c>, one category feature <c>c</c>, a binary output.</summary>
internal static class Cards
{
    public static readonly string[] Categories = ["a", "b", "d"];

    public static ModelCard Binary(int rows = 2000, int seed = 1)
    {
        var random = new Random(seed);
        float[] x = [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle())];
        int[] c = [.. Enumerable.Range(0, rows).Select(_ => random.Next(100) switch { < 60 => 0, < 90 => 1, _ => 2 })];
        float[] p = [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle())];
        return With([
            ReferenceGroups.FromNumbers("x", x), ReferenceGroups.FromCategories("c", c, Categories)], ReferenceGroups.FromNumbers("output", p), [
            new FeatureSignature("x", FeatureKind.Number), new FeatureSignature("c", FeatureKind.Category) { Categories = Categories }], rows);
    }

    public static ModelCard With(
        IReadOnlyList<FeatureGroups> reference, FeatureGroups output, IReadOnlyList<FeatureSignature> inputs, int rows, LearningTask task = LearningTask.Binary) => new()
    {
        Pipeline = "birds",
        ModelId = new string('a', 64),
        Task = task,
        Target = "damaged",
        Candidate = "boosting",
        Inputs = inputs,
        Classes = ["no", "yes"],
        Metrics = new Dictionary<string, double> { ["auc"] = 0.8 },
        Candidates = [],
        Gates = [],
        DatasetId = new string('b', 64),
        SpecHash = new string('c', 64),
        RunId = "train-birds-1",
        Seed = 1,
        TrainRows = rows,
        HoldoutRows = rows / 5,
        Reference = reference,
        OutputReference = output,
    };
}
