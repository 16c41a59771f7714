using System.Text;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>A card as Markdown (CommonMark with tables), readable as plain text too.</summary>
public static class CardMarkdown
{
    private const int BarWidth = 10;

    /// <summary>Writes it.</summary>
    public static string Write(CardDocument card)
    {
        var text = new StringBuilder();
        text.Append("# ").AppendLine(Escape(card.Title)).AppendLine();
        if (card.Badges.Count > 0)
        {
            text.AppendLine(string.Join(" · ", card.Badges.Select(b => $"**{Escape(b.Text)}**"))).AppendLine();
        }

        text.Append("> ").AppendLine(Escape(card.Summary)).AppendLine();
        foreach (CardBlock block in card.Blocks)
        {
            switch (block)
            {
                case CardHeading heading:
                    text.Append("## ").AppendLine(Escape(heading.Text)).AppendLine();
                    break;
                case CardParagraph paragraph:
                    text.AppendLine(Escape(paragraph.Text)).AppendLine();
                    break;
                case CardCode code:
                    text.AppendLine("```").AppendLine(code.Text).AppendLine("```").AppendLine();
                    break;
                case CardLinks:
                    break;
                case CardTable table:
                    Row(table.Columns.Select(c => Escape(c)));
                    Row(table.Columns.Select(_ => "---"));
                    foreach (IReadOnlyList<CardCell> row in table.Rows)
                    {
                        Row(row.Select(Cell));
                    }

                    text.AppendLine();
                    break;
                default:
                    throw new InvalidOperationException($"A card has a {block.GetType().Name}, which Markdown does not know.");
            }
        }

        return text.ToString();

        void Row(IEnumerable<string> cells) => text.Append("| ").Append(string.Join(" | ", cells)).AppendLine(" |");
    }

    private static string Cell(CardCell cell)
    {
        string mark = cell.Tone switch { CardTone.Good => "✓ ", CardTone.Bad => "✗ ", CardTone.Unsure => "? ", _ => "" };
        string text = cell.Tone == CardTone.Id && cell.Text.Length > 0 ? $"`{cell.Text.Replace("`", "'", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)}`" : mark + Escape(cell.Text);
        int full = (int)Math.Round(Math.Clamp(cell.Share ?? 0, 0, 1) * BarWidth);
        return cell.Share is null ? text : $"{new string('█', full)}{new string('░', BarWidth - full)} {text}";
    }

    /// <summary>Text that Markdown shows as it is: names come from people's files.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            switch (c)
            {
                case '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '|' or '#':
                    escaped.Append('\\').Append(c);
                    break;
                case '\r' or '\n':
                    escaped.Append(' ');
                    break;
                default:
                    escaped.Append(c);
                    break;
            }
        }

        return escaped.ToString();
    }
}
