using ServerlessMlops.Cli.Output;
using Spectre.Console;

namespace ServerlessMlops.Cli.Tests;

public class ListingTests
{
    private const string Path = "birds/a-file-with-a-rather-long-name-1990-1997.csv", Reason = "It passed 1 of 2 gates, and a reason may be a whole sentence with many words in it.";

    [Fact]
    public void Render_WideEnough_IsATableWithoutEmptyColumns()
    {
        string[] lines = Lines(160);

        lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["Run", "Status", "Input", "Reason"]);
        lines[2].ShouldContain("train-birds-1");
        lines[2].ShouldContain("[rejected]");
    }

    [Theory]
    [InlineData(80)]
    [InlineData(60)]
    public void Render_Narrow_BreaksNoFieldAndNamesTextsBelow(int width)
    {
        string[] lines = Lines(width);

        lines.ShouldAllBe(line => line.Length <= width);
        lines[0].ShouldBe("Run            Status");
        lines[1].ShouldBe("train-birds-1  [rejected]");
        lines[2].ShouldBe($"  Input: {Path}");
        lines[3].ShouldStartWith("  Reason: It passed 1 of 2 gates, and a reason");
        lines.ShouldContain("ingest-2       ok");
    }

    private static string[] Lines(int width)
    {
        using var output = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = width;
        var listing = new Listing(["Run", "Status", "Never"], ["Input", "Reason"]);
        listing.Add("train-birds-1", "[red][[rejected]][/]", "", Path, Reason);
        listing.Add("ingest-2", "ok", "", Path, "");
        console.Write(listing);
        return [.. output.ToString().Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0)];
    }
}
