namespace ServerlessMlops.Learners.Onnx;

/// <summary>An ONNX file that cannot be used; the message says what was found, where, and what is expected.</summary>
public sealed class OnnxFormatException : Exception
{
    /// <summary>Made with a message.</summary>
    public OnnxFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Made with a message and the error that led to it.</summary>
    public OnnxFormatException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
