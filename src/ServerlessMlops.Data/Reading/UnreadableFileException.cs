namespace ServerlessMlops.Data.Reading;

/// <summary>A file that cannot be read as a table at all, with a code for programs and a sentence for people.</summary>
public sealed class UnreadableFileException : Exception
{
    /// <summary>A fault of a file.</summary>
    /// <param name="code">Stable code such as <c>FILE_EMPTY</c>: see <see cref="FileFaults"/>.</param>
    /// <param name="message">What was found, where, what was expected, and the fix.</param>
    /// <param name="inner">What broke underneath.</param>
    public UnreadableFileException(string code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>Stable code: see <see cref="FileFaults"/>.</summary>
    public string Code { get; }
}

/// <summary>Codes of <see cref="UnreadableFileException"/>.</summary>
public static class FileFaults
{
    /// <summary>No bytes, or none but blank lines.</summary>
    public const string Empty = "FILE_EMPTY";

    /// <summary>A header and no row.</summary>
    public const string NoRows = "FILE_NO_ROWS";

    /// <summary>Not text.</summary>
    public const string Binary = "FILE_BINARY";

    /// <summary>The compressed stream ends too soon or is damaged.</summary>
    public const string Damaged = "FILE_DAMAGED";

    /// <summary>Compressed or encoded in a way that is not read.</summary>
    public const string Unsupported = "FILE_UNSUPPORTED";

    /// <summary>A limit was passed: columns, field, row, depth, expansion, categories.</summary>
    public const string Limit = "FILE_LIMIT";
}
