using System.Diagnostics;
using System.Text.Json;

namespace ServerlessMlops.Learners.Tests.Onnx;

/// <summary>A test that needs onnxruntime: skipped, with the reason, where it is not installed.</summary>
public sealed class OnnxRuntimeTheoryAttribute : TheoryAttribute
{
    public OnnxRuntimeTheoryAttribute() => Skip = OnnxRuntime.Absent;
}

/// <summary>Scores with Microsoft's onnxruntime through node.</summary>
internal static class OnnxRuntime
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("ONNXRUNTIME_NODE");

    public static string? Absent => Folder is not null && Directory.Exists(Path.Combine(Folder, "node_modules", "onnxruntime-node"))
        ? null
        : "onnxruntime-node is not installed: run `npm install --ignore-scripts onnxruntime-node` in a folder and set ONNXRUNTIME_NODE to it.";

    public sealed record Input(string Name, bool Text, int Width, object?[] Values);

    public static double[] Score(byte[] model, int rows, params Input[] inputs)
    {
        string folder = Directory.CreateTempSubdirectory("onnx").FullName;
        try
        {
            string file = Path.Combine(folder, "model.onnx"), data = Path.Combine(folder, "rows.json");
            File.WriteAllBytes(file, model);
            File.WriteAllText(data, JsonSerializer.Serialize(new { inputs, rows }, JsonSerializerOptions.Web));
            string script = Path.Combine(AppContext.BaseDirectory, "Onnx", "score.mjs");
            using Process node = Process.Start(new ProcessStartInfo("node", [script, file, data]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = node.StandardError.ReadToEndAsync();
            string output = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            node.ExitCode.ShouldBe(0, errors.Result);
            return [.. JsonSerializer.Deserialize<double?[]>(output)!.Select(v => v ?? double.NaN)];
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>A float matrix as one input, row-major.</summary>
    public static Input Matrix(string name, float[] values, int width) => new(name, false, width, [.. values.Select(v => float.IsNaN(v) ? null : (object)v)]);
}
