using System.Globalization;
using System.Text;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Core.Datasets;

/// <summary>
/// Writes <c>rejected.csv</c>: line, column, rule, value, expected. Values of sensitive columns are withheld; a value that a spreadsheet would run as a
/// formula gets a quote in front, and line ends in values are written <c>\n</c>, so that every reason is one line.
/// </summary>
internal sealed class RejectedFile : IDisposable
{
    /// <summary>Rows listed at most; the counts of the batch are complete.</summary>
    public const int MaxListed = 200_000;

    private readonly StreamWriter _writer;
    private readonly HashSet<string> _withheld;
    private int _listed;

    public RejectedFile(Stream stream, PipelineSpec spec)
    {
        _writer = new StreamWriter(stream, new UTF8Encoding(false), 64 * 1024, leaveOpen: true) { NewLine = "\n" };
        _withheld = [.. spec.Columns.Where(c => c.Value.Sensitive).Select(c => c.Key)];
        _writer.WriteLine("line,column,rule,value,expected");
    }

    public void Add(IReadOnlyList<RejectedRow> rows)
    {
        foreach (var row in rows)
        {
            if (_listed++ < MaxListed)
            {
                // A row that is rejected as a whole shows all its columns, the sensitive ones too.
                bool withheld = _withheld.Contains(row.Column) || (row.Column.Length == 0 && _withheld.Count > 0);
                _writer.WriteLine(string.Join(',', row.Line.ToString(CultureInfo.InvariantCulture), Quote(row.Column), row.Rule,
                    withheld ? "(withheld)" : Quote(row.Value), Quote(row.Expected)));
            }
            else if (_listed == MaxListed + 1)
            {
                _writer.WriteLine($",,,,\"more rows are rejected than the {MaxListed:N0} listed here\"");
            }
        }
    }

    public void Dispose() => _writer.Dispose();

    private static string Quote(string text)
    {
        // One line a row, whatever the value holds.
        text = text.Replace("\r\n", "\\n", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);
        return CsvField.QuoteForeign(text);
    }
}
