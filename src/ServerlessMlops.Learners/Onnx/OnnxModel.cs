namespace ServerlessMlops.Learners.Onnx;

/// <summary>Reads ONNX files.</summary>
public static class OnnxModel
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxBytes = 256 << 20;

    /// <summary>Key of the metadata in which a file may name its classes, by class number: a JSON list of names. Stronger than a classifier's own labels.</summary>
    public const string ClassesMetadata = "mlops.classes";

    /// <summary>Reads, checks and compiles a model for scoring.</summary>
    /// <param name="file">An ONNX file of this library or of another exporter; at most 256 MB. It may be hostile.</param>
    /// <exception cref="OnnxFormatException">The file is damaged, or uses what scoring does not support; the message names it.</exception>
    public static ScoringModel Load(ReadOnlyMemory<byte> file) => GraphCompiler.Compile(OnnxReader.Read(file));
}
