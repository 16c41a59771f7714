namespace ServerlessMlops.Learners.Tests;

/// <summary>Small tables with a known pattern, made from a seed.</summary>
internal static class TestData
{
    public sealed record Set(FeatureTable X, float[] Y, string[] Classes, LearningTask Task);

    /// <summary>Numbers with missing values, a category with missing and rare levels, and a target that depends on both.</summary>
    public static Set Make(LearningTask task, int rows, int seed = 1, int classes = 3)
    {
        var random = new Random(seed);
        string[] categories = ["red", "green", "blue", "grün", "rare"];
        var (a, b, c, codes, y) = (new float[rows], new float[rows], new float[rows], new int[rows], new float[rows]);
        for (int i = 0; i < rows; i++)
        {
            a[i] = random.NextSingle() < 0.1f ? float.NaN : (float)(random.NextDouble() * 10);
            b[i] = (float)Math.Round(random.NextDouble() * 4);
            c[i] = (float)((random.NextDouble() * 2) - 1);
            codes[i] = random.NextSingle() < 0.05f ? -1 : random.NextSingle() < 0.01f ? 4 : random.Next(4);
            double signal = (float.IsNaN(a[i]) ? 2 : Math.Sin(a[i]) * 2) + (b[i] * 0.5) - (2 * c[i] * c[i]) + (codes[i] == 2 ? 1.5 : 0) + (random.NextDouble() - 0.5);
            y[i] = task switch
            {
                LearningTask.Regression => (float)signal,
                LearningTask.Binary => signal > 1 ? 1 : 0,
                _ => Math.Clamp((int)Math.Floor(signal + 1), 0, classes - 1),
            };
        }

        string[] names = task switch { LearningTask.Regression => [], LearningTask.Binary => ["no", "yes"], _ => [.. Enumerable.Range(0, classes).Select(k => $"class {k}")] };
        var table = new FeatureTable([new NumericFeature("a", a), new CategoricalFeature("colour", codes, categories), new NumericFeature("b", b), new NumericFeature("c", c)]);
        return new Set(table, y, names, task);
    }

    /// <summary>A category of <see cref="MakeRoutes"/> with few rows.</summary>
    public const string RareRoute = "A44";

    /// <summary>Two categories of many levels, some missing and some rare, whose effect turns round at noon.</summary>
    public static Set MakeRoutes(LearningTask task, int rows, int seed = 1)
    {
        var random = new Random(seed);
        var (from, to, hour, y) = (new int[rows], new int[rows], new float[rows], new float[rows]);
        for (int i = 0; i < rows; i++)
        {
            from[i] = random.NextSingle() < 0.03f ? -1 : i % 400 == 0 ? 44 : random.Next(40);
            to[i] = random.NextSingle() < 0.03f ? -1 : random.Next(20);
            hour[i] = (float)(random.NextDouble() * 24);
            double effect = from[i] < 0 ? 0.5 : ((from[i] * 37) % 41 / 20.0) - 1;
            double signal = (hour[i] < 12 ? effect : -effect) + (to[i] % 3 == 0 ? 0.7 : 0) + ((random.NextDouble() - 0.5) * 0.5);
            y[i] = task switch
            {
                LearningTask.Regression => (float)signal,
                LearningTask.Binary => signal > 0.2 ? 1 : 0,
                _ => signal < -0.3 ? 0 : signal < 0.5 ? 1 : 2,
            };
        }

        string[] classes = task switch { LearningTask.Regression => [], LearningTask.Binary => ["no", "yes"], _ => ["a", "b", "c"] };
        return new Set(
            new FeatureTable(
            [
                new NumericFeature("hour", hour), new CategoricalFeature("origin", from, [.. Enumerable.Range(0, 45).Select(k => $"A{k}")]),
                new CategoricalFeature("destination", to, [.. Enumerable.Range(0, 20).Select(k => $"B{k}")]),
            ]),
            y, classes, task);
    }

    /// <summary>Feature vectors as a scorer would make them from the table.</summary>
    public static float[] Vectors(Learners.Onnx.ScoringModel model, FeatureTable table)
    {
        var vectors = new float[table.Rows * model.Inputs.Count];
        for (int i = 0; i < model.Inputs.Count; i++)
        {
            Feature feature = table.Features.Single(f => f.Name == model.Inputs[i].Name);
            for (int row = 0; row < table.Rows; row++)
            {
                vectors[(row * model.Inputs.Count) + i] = feature switch
                {
                    NumericFeature number => number.Values[row],
                    CategoricalFeature category => category.Codes[row] < 0
                        ? model.EncodeCategory(i, [])
                        : model.EncodeCategory(i, System.Text.Encoding.UTF8.GetBytes(category.Categories[category.Codes[row]])),
                    _ => throw new InvalidOperationException(),
                };
            }
        }

        return vectors;
    }
}
