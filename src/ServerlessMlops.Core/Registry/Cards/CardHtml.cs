using System.Globalization;
using System.Net;
using System.Text;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>
/// A card as one HTML page that needs nothing beside itself: no script, no request. It is well-formed XML too. Light and dark, wide and narrow, on paper.
/// </summary>
public static class CardHtml
{
    /// <summary>The content security policy to send with it: what it needs, its own styles, and nothing else.</summary>
    public const string SecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

    /// <summary>Texts longer than this, such as hashes, may be broken anywhere.</summary>
    private const int LongText = 32;

    private const string Style = """
        :root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6570;--paper:#fff;--line:#e3e7ec;--soft:#f5f7fa;--accent:#2457d6;--good:#12703c;--bad:#b3261e;--unsure:#8a5a00}
        @media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--dim:#9aa5b1;--paper:#14171b;--line:#2b3138;--soft:#1c2127;--accent:#8ab0ff;--good:#6fd39b;--bad:#ff8a80;--unsure:#e8b45a}}
        *{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,"Segoe UI",Roboto,sans-serif}
        main{max-width:62rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}h1{font-size:1.9rem;line-height:1.2;margin:0 0 .6rem;letter-spacing:-.01em}
        h2{font-size:1.15rem;margin:2.6rem 0 .7rem;padding-top:1.2rem;border-top:1px solid var(--line)}p{margin:.5rem 0;max-width:46rem}
        .summary{font-size:1.1rem;color:var(--ink);border-left:4px solid var(--accent);padding:.2rem 0 .2rem 1rem;margin:1.2rem 0}
        .badge{display:inline-block;font-size:.8rem;padding:.15rem .65rem;margin:0 .35rem .35rem 0;border-radius:999px;background:var(--soft);border:1px solid var(--line)}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
        th{text-align:left;color:var(--dim);font-weight:600;font-size:.8rem}th,td{padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:top}
        tr:last-child td{border-bottom:0}.id{font:.85em ui-monospace,Consolas,monospace}.long{overflow-wrap:anywhere}.meter,.good,.bad,.unsure{white-space:nowrap}.good{color:var(--good)}.bad{color:var(--bad)}.unsure{color:var(--unsure)}
        .bar{display:inline-block;width:7rem;height:.55rem;margin-right:.6rem;border-radius:3px;background:var(--line);vertical-align:baseline}.bar i{display:block;height:100%;border-radius:3px;background:var(--accent)}
        svg{display:block;width:9rem;height:1.6rem}svg rect{fill:var(--accent);opacity:.75}
        pre{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:1rem;overflow-x:auto;font:.85rem/1.5 ui-monospace,Consolas,monospace}
        @media print{main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}}
        """;

    /// <summary>Writes it.</summary>
    public static string Write(CardDocument card)
    {
        var html = new StringBuilder();
        html.Append("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\" />\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n")
            .Append("<title>").Append(Encode(card.Title)).Append("</title>\n<style>\n").Append(Style).Append("\n</style>\n</head>\n<body>\n<main>\n")
            .Append("<h1>").Append(Encode(card.Title)).Append("</h1>\n");
        if (card.Badges.Count > 0)
        {
            html.Append("<p>");
            foreach (CardCell badge in card.Badges)
            {
                html.Append("<span class=\"badge ").Append(ClassOf(badge.Tone)).Append("\">").Append(Encode(badge.Text)).Append("</span>");
            }

            html.Append("</p>\n");
        }

        html.Append("<p class=\"summary\">").Append(Encode(card.Summary)).Append("</p>\n");
        foreach (CardBlock block in card.Blocks)
        {
            Write(html, block);
        }

        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static void Write(StringBuilder html, CardBlock block)
    {
        switch (block)
        {
            case CardHeading heading:
                html.Append("<h2>").Append(Encode(heading.Text)).Append("</h2>\n");
                break;
            case CardParagraph paragraph:
                html.Append("<p>").Append(Encode(paragraph.Text)).Append("</p>\n");
                break;
            case CardCode code:
                html.Append("<pre>").Append(Encode(code.Text)).Append("</pre>\n");
                break;
            case CardTable table:
                html.Append("<div class=\"scroll\"><table>\n<thead><tr>");
                foreach (string column in table.Columns)
                {
                    html.Append("<th scope=\"col\">").Append(Encode(column)).Append("</th>");
                }

                html.Append("</tr></thead>\n<tbody>\n");
                foreach (IReadOnlyList<CardCell> row in table.Rows)
                {
                    html.Append("<tr>");
                    foreach (CardCell cell in row)
                    {
                        Write(html, cell);
                    }

                    html.Append("</tr>\n");
                }

                html.Append("</tbody></table></div>\n");
                break;
            default:
                throw new InvalidOperationException($"A card has a {block.GetType().Name}, which HTML does not know.");
        }
    }

    private static void Write(StringBuilder html, CardCell cell)
    {
        html.Append("<td class=\"").Append(ClassOf(cell.Tone)).Append(cell.Share is null ? "" : " meter").Append(cell.Text.Length > LongText ? " long" : "").Append("\">");
        if (cell.Share is { } share)
        {
            html.Append(CultureInfo.InvariantCulture, $"<span class=\"bar\"><i style=\"width:{Math.Clamp(share, 0, 1) * 100:0.#}%\"></i></span>");
        }

        if (cell.Shape is { Count: > 0 } shape)
        {
            double highest = Math.Max(shape.Max(), double.Epsilon), width = 100.0 / shape.Count;
            html.Append("<svg viewBox=\"0 0 100 20\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"distribution\">");
            for (int i = 0; i < shape.Count; i++)
            {
                double height = 20 * shape[i] / highest;
                html.Append(CultureInfo.InvariantCulture, $"<rect x=\"{i * width:0.##}\" y=\"{20 - height:0.##}\" width=\"{width * 0.86:0.##}\" height=\"{height:0.##}\" />");
            }

            html.Append("</svg>");
        }

        string mark = cell.Tone switch { CardTone.Good => "✓ ", CardTone.Bad => "✗ ", CardTone.Unsure => "? ", _ => "" };
        html.Append(mark).Append(Encode(cell.Text)).Append("</td>");
    }

    private static string ClassOf(CardTone tone) => tone.ToString().ToLowerInvariant();

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
