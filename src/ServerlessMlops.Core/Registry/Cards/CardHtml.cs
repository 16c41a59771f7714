using System.Globalization;
using System.Net;
using System.Text;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>
/// A card as one HTML page that needs nothing beside itself: no script, no request. It is well-formed XML too. Light and dark, wide and narrow (each row of a table a block of its own), on paper.
/// </summary>
public static class CardHtml
{
    /// <summary>The content security policy to send with it: what it needs, its own styles, and nothing else.</summary>
    public const string SecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

    /// <summary>Texts longer than this, such as hashes, may be broken anywhere.</summary>
    private const int LongText = 32;

    /// <summary>Texts up to this long, such as times and names of checks, stay on one line where there is room for a table.</summary>
    private const int ShortText = 24;

    private const string Style = """
        :root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6570;--paper:#fff;--line:#e3e7ec;--soft:#f5f7fa;--accent:#2457d6;--good:#12703c;--bad:#b3261e;--unsure:#8a5a00}
        @media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--dim:#9aa5b1;--paper:#14171b;--line:#2b3138;--soft:#1c2127;--accent:#8ab0ff;--good:#6fd39b;--bad:#ff8a80;--unsure:#e8b45a}}
        *{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,"Segoe UI",Roboto,sans-serif}
        main{max-width:62rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}h1{font-size:1.9rem;line-height:1.2;margin:0 0 .6rem;letter-spacing:-.01em}
        h2{font-size:1.15rem;margin:2.6rem 0 .7rem;padding-top:1.2rem;border-top:1px solid var(--line)}p{margin:.5rem 0;max-width:46rem;overflow-wrap:anywhere}
        .summary{font-size:1.1rem;color:var(--ink);border-left:4px solid var(--accent);padding:.2rem 0 .2rem 1rem;margin:1.2rem 0}
        .badge{display:inline-block;font-size:.8rem;padding:.15rem .65rem;margin:0 .35rem .35rem 0;border-radius:999px;background:var(--soft);border:1px solid var(--line)}
        .scroll{overflow-x:auto;margin:.4rem 0 1.4rem}table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
        th{text-align:left;color:var(--dim);font-weight:600;font-size:.8rem}th,td{padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:baseline}
        tr:last-child td{border-bottom:0}.id{font:.85em ui-monospace,Consolas,monospace}.long{overflow-wrap:anywhere}.short,.meter,.good,.bad,.unsure{white-space:nowrap}.good{color:var(--good)}.bad{color:var(--bad)}.unsure{color:var(--unsure)}
        .bar{display:inline-block;width:7rem;height:.55rem;margin-right:.6rem;border-radius:3px;background:var(--line);vertical-align:baseline}.bar i{display:block;height:100%;border-radius:3px;background:var(--accent)}
        a{color:var(--accent);text-decoration:none}a:hover,a:focus{text-decoration:underline}nav,.ways{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.93rem}nav{margin:0 0 1.4rem}.badge a{color:inherit}
        svg{display:block;width:9rem;height:1.6rem}svg rect{fill:var(--accent);opacity:.75}
        pre{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:1rem;overflow-x:auto;font:.85rem/1.5 ui-monospace,Consolas,monospace}
        @media screen and (max-width:44rem){main{padding-top:1.5rem}h1{overflow-wrap:anywhere}thead{display:none}tr{display:block;padding:.6rem 0;border-bottom:1px solid var(--line)}tr:last-child{border-bottom:0}
        td{display:flow-root;padding:.15rem 0 .15rem 7rem;border:0;overflow-wrap:anywhere}td.short,td.meter,td.good,td.bad,td.unsure{white-space:normal}td:empty{display:none}td::before{content:attr(data-label);float:left;width:6.4rem;margin-left:-7rem;color:var(--dim);font:600 .8rem/1.85 system-ui,sans-serif}}
        @media print{nav,.ways{display:none}a{color:inherit}main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}}
        """;

    /// <summary>Writes it.</summary>
    /// <param name="card">The page.</param>
    /// <param name="query">What its links need beside their path, such as <c>code=...</c> where the caller showed the key so; null where nothing.</param>
    public static string Write(CardDocument card, string? query = null)
    {
        var html = new StringBuilder();
        html.Append("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\" />\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n<meta name=\"referrer\" content=\"no-referrer\" />\n")
            .Append("<title>").Append(Encode(card.Title)).Append("</title>\n<style>\n").Append(Style).Append("\n</style>\n</head>\n<body>\n<main>\n");
        if (card.Ways.Count > 0)
        {
            html.Append("<nav>").Append(Links(card.Ways, query)).Append("</nav>\n");
        }

        html.Append("<h1>").Append(Encode(card.Title)).Append("</h1>\n");
        if (card.Badges.Count > 0)
        {
            html.Append("<p>");
            foreach (CardCell badge in card.Badges)
            {
                html.Append("<span class=\"badge ").Append(ClassOf(badge.Tone)).Append("\">").Append(Linked(badge, query)).Append("</span>");
            }

            html.Append("</p>\n");
        }

        html.Append("<p class=\"summary\">").Append(Encode(card.Summary)).Append("</p>\n");
        foreach (CardBlock block in card.Blocks)
        {
            Write(html, block, query);
        }

        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static void Write(StringBuilder html, CardBlock block, string? query)
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
            case CardLinks links:
                html.Append("<p class=\"ways\">").Append(Links(links.Links, query)).Append("</p>\n");
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
                    for (int i = 0; i < row.Count; i++)
                    {
                        Write(html, row[i], table.Columns[i], query);
                    }

                    html.Append("</tr>\n");
                }

                html.Append("</tbody></table></div>\n");
                break;
            default:
                throw new InvalidOperationException($"A card has a {block.GetType().Name}, which HTML does not know.");
        }
    }

    private static void Write(StringBuilder html, CardCell cell, string column, string? query)
    {
        html.Append("<td data-label=\"").Append(Encode(column)).Append("\" class=\"").Append(ClassOf(cell.Tone)).Append(cell.Share is null ? "" : " meter").Append(cell.Text.Length > LongText ? " long" : cell.Text.Length <= ShortText ? " short" : "").Append("\">");
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

        html.Append(cell.Tone switch { CardTone.Good => "✓ ", CardTone.Bad => "✗ ", CardTone.Unsure => "? ", _ => "" }).Append(Linked(cell, query)).Append("</td>");
    }

    private static string Linked(CardCell cell, string? query) => cell.Path is { } path ? Link(new CardLink(cell.Text, path), query) : Encode(cell.Text);

    private static string Links(IEnumerable<CardLink> links, string? query) => string.Join(' ', links.Select(link => Link(link, query)));

    private static string Link(CardLink link, string? query)
    {
        string address = query is null ? link.Path : link.Path + (link.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?') + query;
        return $"<a href=\"{Encode(address)}\">{Encode(link.Text)}</a>";
    }

    private static string ClassOf(CardTone tone) => tone.ToString().ToLowerInvariant();

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
