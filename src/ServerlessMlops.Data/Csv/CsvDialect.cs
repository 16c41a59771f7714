namespace ServerlessMlops.Data.Csv;

/// <summary>How a CSV file is written.</summary>
/// <param name="Delimiter">Between fields.</param>
/// <param name="Quote">Around fields that hold a delimiter, a quote (doubled) or a line end. Opens only at a field's first byte.</param>
/// <param name="LineEnd">Last byte of a line: LF (a CR before it is dropped), or CR in files that have no LF.</param>
/// <param name="HasHeader">Whether the first line names the columns.</param>
public sealed record CsvDialect(byte Delimiter, byte Quote, byte LineEnd, bool HasHeader)
{
    /// <summary>RFC 4180: commas, double quotes, a header.</summary>
    public static CsvDialect Default { get; } = new((byte)',', (byte)'"', (byte)'\n', true);
}
