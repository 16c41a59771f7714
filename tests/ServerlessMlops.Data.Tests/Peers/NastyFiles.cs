using System.Text;

namespace ServerlessMlops.Data.Tests.Peers;

/// <summary>A file that real life wrote.</summary>
/// <param name="What">What is nasty about it.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Ours">Our reading, where it is not DuckDB's.</param>
/// <param name="DuckDb">DuckDB's reading, where it is not ours.</param>
/// <param name="Why">Why we differ.</param>
internal sealed record NastyFile(string What, byte[] Bytes, string? Ours = null, string? DuckDb = null, string? Why = null);

internal static class NastyFiles
{
    public static IReadOnlyList<NastyFile> All { get; } =
    [
        Same("no line end at the end", "a,b\n1,x\n2,y"),
        Same("carriage returns", "a,b\r\n1,x\r\n2,y\r\n"),
        Same("old Mac line ends", "a,b\r1,x\r2,y\r"),
        Same("byte order mark", "\uFEFFa,b\n1,x\n"),
        Same("semicolons", "a;b\n1;x\n2;y\n"),
        Same("tabs", "a\tb\n1\tx\n2\ty\n"),
        Same("bars", "a|b\n1|x\n2|y\n"),
        Same("commas within semicolons", "a;b\n1,5;x\n2,5;y\n"),
        Same("quoted delimiter", "a,b\n\"1,5\",x\n2,y\n"),
        Same("quoted line ends", "a,b\n\"1\n5\",x\n2,y\n"),
        Same("quoted carriage return and line feed", "a,b\r\n\"1\r\n5\",x\r\n2,y\r\n"),
        Same("doubled quotes", "a,b\n1,\"say \"\"hi\"\"\"\n2,\"\"\"\"\n"),
        Same("quoted empty text", "a,b,c\n1,\"\",x\n2,y,\"\"\n"),
        Same("a quote inside a field", "a,b\n1,5\" pipe\n2,6\" pipe\n"),
        Same("only quoted fields", "\"a\",\"b\"\n\"1\",\"x\"\n\"2\",\"y\"\n"),
        Same("quoted header with delimiter", "\"a,x\",b\n1,x\n2,y\n"),
        Same("wide characters", "a,b\n1,żółć\n2,日本語\n3,😀\n"),
        Same("one column", "a\n1\n2\n3\n"),
        Same("one row", "a,b\n1,x\n"),
        Same("trailing delimiters", "a,b,c\n1,x,\n2,y,\n"),
        Same("empty first fields", "a,b\n,x\n,y\n"),
        Same("a row of delimiters", "a,b,c\n,,\n1,2,3\n"),
        Same("leading zeros", "zip,b\n00501,x\n10001,y\n"),
        Same("long field", "a,b\n1," + new string('x', 100_000) + "\n2,y\n"),
        Same("many columns", string.Join(',', Enumerable.Range(0, 500).Select(i => $"c{i}")) + "\n" + string.Join(',', Enumerable.Range(0, 500)) + "\n"),
        Same("blank lines at the end", "a,b\n1,x\n2,y\n\n\n"),
        Same("blank lines between rows", "a,b\n1,x\n\n2,y\n"),
        Same("numbers with exponents", "a,b\n1e5,x\n-2.5E-3,y\n"),
        Differs("apostrophes", "a,b\n1,it's\n2,'quoted'\n",
            "a|b/1|it's/2|'quoted'", "a|b/1|it's/2|quoted",
            "Quotes are double quotes, as RFC 4180 has it; DuckDB guesses apostrophes from one such field."),
        Same("backslashes", "a,b\n1,c:\\temp\\\n2,\\n\n"),
        Same("JSON in a field", "a,b\n1,\"{\"\"k\"\": [1, 2]}\"\n2,\"{}\"\n"),
        Same("spaces within fields", "a,b\n1,x y z\n2,y  z\n"),
        Differs("spaces around fields", "a,b\n 1 , x \n 2 , y \n",
            "a|b/1|x/2|y", "a|b/ 1 | x / 2 | y ",
            "Spaces around a value mean nothing to a model and make a second name of a category."),
        Differs("spaces within quotes", "a,b\n1,\" x \"\n2,y\n",
            "a|b/1|x/2|y", "a|b/1| x /2|y",
            "As above: quotes do not change what a category is called."),
        Differs("words for missing", "a,b\nNA,x\nnull,y\nNaN,z\n",
            "a|b/|x/|y/|z", "a|b/NA|x/null|y/NaN|z",
            "Words that exports write for no value are no value; DuckDB knows the empty field only."),
        Differs("text after a closing quote", "a,b\n1,\"x\"y\n2,z\n",
            "a|b/1|xy/2|z", "a|b/1|\"x\"y/2|z",
            "RFC 4180 does not say; Python's csv, pandas and Excel read xy too."),
        Differs("space before a quote", "a,b\n1, \"x\"\n2, \"y\"\n",
            "a|b/1|\"x\"/2|\"y\"", "a|b/1|x/2|y",
            "A quote opens at a field's first byte only, so that cutting a file for several cores is never a guess."),
        Differs("quote never closed", "a,b\n1,x\n2,\"open\n3,z\n",
            "a|b (1 rejected)/1|x/3|z", "a|b/1|x/2|\"open/3|z",
            "The row is set aside with its line; DuckDB takes the quote for a character of the field."),
        Differs("short row", "a,b,c\n1,2,3\n4,5\n6,7,8\n",
            "a|b|c (1 rejected)/1|2|3/6|7|8", "a,b,c/1,2,3/4,5/6,7,8",
            "The row is set aside with its line; DuckDB gives up and reads one column."),
        Differs("long row", "a,b\n1,2\n3,4,5\n6,7\n",
            "a|b (1 rejected)/1|2/6|7", "a,b/1,2/3,4,5/6,7",
            "As above."),
        Differs("repeated names", "a,b,a\n1,2,3\n4,5,6\n",
            "a|b|a_2/1|2|3/4|5|6", "a|b|a_1/1|2|3/4|5|6",
            "The second a is a_2; DuckDB counts from 0."),
        Differs("blank name", "a,,c\n1,2,3\n4,5,6\n",
            "a|column2|c/1|2|3/4|5|6", "a|column1|c/1|2|3/4|5|6",
            "Columns count from 1, as in messages; DuckDB counts from 0."),
        Differs("no header", "1,2\n3,4\n",
            "column1|column2/1|2/3|4", "column0|column1/1|2/3|4",
            "As above."),
        Same("title before the table", "Report of May\n\na,b\n1,x\n2,y\n"),
        Same("comment before the table", "# made by hand\na,b\n1,x\n2,y\n"),
        Same("header alone", "a,b\n"),
        Differs("empty", "",
            "refused", "column0",
            "There is nothing to learn from, and someone should be told."),
        new("invalid UTF-8", Encoding.Latin1.GetBytes("a,b\n1,é\n2,x\n"), "a|b/1|\uFFFD/2|x", "refused",
            "One broken character does not stop the line: it is read as U+FFFD and said in a note."),
        new("UTF-16", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("a,b\n1,é\n2,x\n")], "a|b/1|é/2|x", "refused",
            "Excel writes it; the byte order mark says what it is."),
        new("NUL bytes", Encoding.UTF8.GetBytes("a,b\n1,x\0y\n2,z\n"), "refused", "a|b/1|x\0y/2|z",
            "No text holds NUL: the file is something else, or was cut by a crash."),
        Differs("mixed line ends", "a,b\r\n1,x\n2,y\r\n",
            "a|b/1|x/2|y", "refused",
            "Lines end with LF; a CR before it is dropped, line by line."),
        Same("line separator characters", "a,b\n1,x\u2028y\n2,z\u0085w\n"),
    ];

    private static NastyFile Same(string what, string text) => new(what, Encoding.UTF8.GetBytes(text));

    private static NastyFile Differs(string what, string text, string ours, string duckDb, string why) => new(what, Encoding.UTF8.GetBytes(text), ours, duckDb, why);
}
