using System.Runtime.InteropServices;
using System.Text.Json;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Benchmarks.Learners;

/// <summary>A data set as <c>compare.py</c> writes it: meta.json, and float32 columns, one file for training and one for testing, the target last.</summary>
internal sealed record BenchmarkData(LearningTask Task, int Classes, FeatureTable X, float[] Y, FeatureTable TestX, float[] TestY)
{
    private sealed record Meta(string Task, int Classes, string[] Names, Dictionary<string, string[]> Categories);

    public static BenchmarkData Load(string directory)
    {
        Meta meta = JsonSerializer.Deserialize<Meta>(File.ReadAllText(Path.Combine(directory, "meta.json")), JsonSerializerOptions.Web)!;
        (FeatureTable x, float[] y) = Read(Path.Combine(directory, "train.f32"), meta);
        (FeatureTable testX, float[] testY) = Read(Path.Combine(directory, "test.f32"), meta);
        return new BenchmarkData(Enum.Parse<LearningTask>(meta.Task), meta.Classes, x, y, testX, testY);
    }

    public float[] Vectors(ScoringModel model)
    {
        int width = model.Inputs.Count;
        var vectors = new float[TestX.Rows * width];
        for (int i = 0; i < width; i++)
        {
            Feature feature = TestX.Features.Single(f => f.Name == model.Inputs[i].Name);
            for (int row = 0; row < TestX.Rows; row++)
            {
                vectors[(row * width) + i] = feature is NumericFeature number
                    ? number.Values[row]
                    : ((CategoricalFeature)feature).Codes[row] is >= 0 and int code ? model.EncodeCategory(i, System.Text.Encoding.UTF8.GetBytes(((CategoricalFeature)feature).Categories[code])) : float.NaN;
            }
        }

        return vectors;
    }

    private static (FeatureTable X, float[] Y) Read(string path, Meta meta)
    {
        int columns = meta.Names.Length + 1;
        using FileStream file = File.OpenRead(path);
        int rows = (int)(file.Length / sizeof(float) / columns);
        var features = new List<Feature>();
        float[] values = [];
        for (int c = 0; c < columns; c++)
        {
            values = new float[rows];
            file.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            if (c < meta.Names.Length)
            {
                features.Add(meta.Categories.TryGetValue(meta.Names[c], out string[]? categories)
                    ? new CategoricalFeature(meta.Names[c], Array.ConvertAll(values, v => float.IsNaN(v) ? -1 : (int)v), categories)
                    : new NumericFeature(meta.Names[c], values));
            }
        }

        return (new FeatureTable(features), values);
    }
}
