using System.Text.Json;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>Reads ONNX files.</summary>
public static class OnnxModel
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxBytes = 256 << 20;

    /// <summary>Key of the metadata in which a file may name its classes, by class number: a JSON list of names. Stronger than a classifier's own labels.</summary>
    public const string ClassesMetadata = "mlops.classes";

    /// <summary>Key of the metadata in which a file may name the columns of its inputs, one after another: a JSON list. Stronger than the graph's own names.</summary>
    public const string InputsMetadata = "mlops.inputs";

    /// <summary>
    /// The file with names for its columns or its classes added to its metadata. All else stays as it is: fields that come later in a protocol-buffers
    /// message count as if they had been written with it.
    /// </summary>
    /// <param name="file">An ONNX file that <see cref="Load"/> reads.</param>
    /// <param name="inputs">A name for each column of its inputs, in order; null leaves them.</param>
    /// <param name="classes">A name for each class, by class number; null leaves them.</param>
    public static byte[] WithNames(ReadOnlyMemory<byte> file, IReadOnlyList<string>? inputs, IReadOnlyList<string>? classes)
    {
        var added = new ProtoMessage();
        foreach ((string key, IReadOnlyList<string>? names) in ((string, IReadOnlyList<string>?)[])[(InputsMetadata, inputs), (ClassesMetadata, classes)])
        {
            if (names is not null)
            {
                added.Message(14, new ProtoMessage().Text(1, key).Text(2, JsonSerializer.Serialize(names)));
            }
        }

        return [.. file.Span, .. added.ToBytes()];
    }

    /// <summary>Reads, checks and compiles a model for scoring.</summary>
    /// <param name="file">An ONNX file of this library or of another exporter; at most 256 MB. It may be hostile.</param>
    /// <exception cref="OnnxFormatException">The file is damaged, or uses what scoring does not support; the message names it.</exception>
    public static ScoringModel Load(ReadOnlyMemory<byte> file) => GraphCompiler.Compile(OnnxReader.Read(file));
}
