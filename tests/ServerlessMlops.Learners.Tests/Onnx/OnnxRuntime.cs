using System.Diagnostics;
using System.Text.Json;
using ServerlessMlops.TestSupport.Npm;

namespace ServerlessMlops.Learners.Tests.Onnx;

/// <summary>A test that needs onnxruntime: skipped, with the reason, where npm's registry cannot be reached to install it.</summary>
public sealed class OnnxRuntimeTheoryAttribute : TheoryAttribute
{
    public OnnxRuntimeTheoryAttribute() => Skip = OnnxRuntime.Unreachable;
}

/// <summary>Scores with Microsoft's onnxruntime through node, installed from the lock file beside this class.</summary>
internal static class OnnxRuntime
{
    private static readonly Lazy<(string Folder, string? Unreachable)> Installation =
        new(() => NpmFolder.EnsureOrExplain("tests", "ServerlessMlops.Learners.Tests", "Onnx", "onnxruntime"));

    /// <summary>Why onnxruntime is not to be had here, or null.</summary>
    public static string? Unreachable => Installation.Value.Unreachable;

    public sealed record Input(string Name, bool Text, int Width, object?[] Values);

    /// <summary>The last output that is numbers.</summary>
    public static double[] Score(byte[] model, int rows, params Input[] inputs) => Score(model, rows, "", inputs);

    /// <summary>An output by name; texts must be numbers.</summary>
    public static double[] Score(byte[] model, int rows, string output, params Input[] inputs)
    {
        string folder = Directory.CreateTempSubdirectory("onnx").FullName;
        try
        {
            string file = Path.Combine(folder, "model.onnx"), data = Path.Combine(folder, "rows.json");
            File.WriteAllBytes(file, model);
            File.WriteAllText(data, JsonSerializer.Serialize(new { inputs, rows }, JsonSerializerOptions.Web));
            string script = Path.Combine(AppContext.BaseDirectory, "Onnx", "score.mjs");
            using Process node = Process.Start(new ProcessStartInfo("node", [script, Installation.Value.Folder, file, data, output]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = node.StandardError.ReadToEndAsync();
            string scores = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            node.ExitCode.ShouldBe(0, errors.Result);
            return [.. JsonSerializer.Deserialize<double?[]>(scores)!.Select(v => v ?? double.NaN)];
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>A float matrix as one input, row-major.</summary>
    public static Input Matrix(string name, float[] values, int width) => new(name, false, width, [.. values.Select(v => float.IsNaN(v) ? null : (object)v)]);
}
