using Spectre.Console;
using Spectre.Console.Rendering;

namespace ServerlessMlops.Cli.Output;

/// <summary>
/// Rows for a person: short fields, which are never broken, and long texts. Where the width leaves the texts room to be read it is a table; where not, each text stands below its row,
/// indented and named. Columns that are empty in every row are left out.
/// </summary>
/// <param name="fields">Names of the short fields.</param>
/// <param name="texts">Names of the long texts.</param>
internal sealed class Listing(string[] fields, string[] texts) : Renderable
{
    /// <summary>A column of text narrower than this is no pleasure to read.</summary>
    private const int ReadableWidth = 28;

    /// <summary>Blanks between columns of a table, and around them.</summary>
    private const int Padding = 3;

    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row of markup: the fields, then the texts.</summary>
    public void Add(params string[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, fields.Length + texts.Length);
        _rows.Add(cells);
    }

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        string[] names = [.. fields, .. texts];
        int[] shown = [.. Enumerable.Range(0, names.Length).Where(c => _rows.Any(row => row[c].Length > 0))];
        int[] widths = [.. Enumerable.Range(0, names.Length).Select(c => Math.Max(names[c].Length, _rows.Select(row => Width(row[c])).DefaultIfEmpty().Max()))];
        int needed = shown.Sum(c => Padding + (c < fields.Length ? widths[c] : Math.Min(widths[c], ReadableWidth)));
        return ((IRenderable)(needed <= maxWidth ? AsTable(names, shown) : AsBlocks(names, shown, widths))).Render(options, maxWidth);
    }

    private static int Width(string markup) => Markup.Remove(markup).GetCellWidth();

    private Table AsTable(string[] names, int[] shown)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (int column in shown)
        {
            table.AddColumn(new TableColumn(names[column]) { NoWrap = column < fields.Length });
        }

        foreach (string[] row in _rows)
        {
            table.AddRow([.. shown.Select(c => row[c])]);
        }

        return table;
    }

    private Rows AsBlocks(string[] names, int[] shown, int[] widths)
    {
        int[] aligned = [.. shown.Where(c => c < fields.Length)];
        List<IRenderable> lines = [new Markup($"[grey]{Line(names)}[/]")];
        foreach (string[] row in _rows)
        {
            lines.Add(new Markup(Line(row)));
            lines.AddRange(shown.Where(c => c >= fields.Length && row[c].Length > 0).Select(c => new Padder(new Markup($"[grey]{names[c]}:[/] {row[c]}"), new Padding(2, 0, 0, 0))));
        }

        return new Rows(lines);

        string Line(string[] row) => string.Join("  ", aligned.Select(c => row[c] + new string(' ', Math.Max(0, widths[c] - Width(row[c]))))).TrimEnd();
    }
}
