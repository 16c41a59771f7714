namespace ServerlessMlops.Learners.Onnx;

/// <summary>Reads ONNX files.</summary>
public static class OnnxModel
{
    /// <summary>Reads, checks and compiles a model for scoring.</summary>
    /// <param name="file">An ONNX file of this library or of another exporter; at most 256 MB. It may be hostile.</param>
    /// <exception cref="OnnxFormatException">The file is damaged, or uses what scoring does not support; the message names it.</exception>
    public static ScoringModel Load(ReadOnlyMemory<byte> file) => GraphCompiler.Compile(OnnxReader.Read(file));
}
