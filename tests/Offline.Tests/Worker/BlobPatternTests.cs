using Microsoft.Azure.Functions.Worker.Offline.Blobs;

namespace ServerlessMlops.Offline.Tests.Worker;

public sealed class BlobPatternTests
{
    [Theory]
    [InlineData("uploads/{a}/{b}", "x/y/z.csv", "a=x/y b=z.csv")]
    [InlineData("uploads/{path}", "x/y/z.csv", "path=x/y/z.csv")]
    [InlineData("uploads/in/{name}.csv", "in/a.b.csv", "name=a.b")]
    [InlineData("uploads/in/{name}.csv", "in/a.CSV", null)]
    [InlineData("uploads/in/{name}.csv", "in/a.csv.gz", null)]
    [InlineData("uploads/in/{name}.csv", "pre/in/a.csv", null)]
    [InlineData("uploads/a+b.csv", "a+b.csv", "")]
    [InlineData("uploads", "any/thing", "name=any/thing")]
    public void Match_OfAName_GivesTheTokensOrNothing(string path, string name, string? expected)
    {
        var tokens = BlobPattern.Parse(path).Match(name);

        (tokens is null ? null : string.Join(' ', tokens.Select(t => $"{t.Key}={t.Value}"))).ShouldBe(expected);
    }

    [Theory]
    [InlineData("{container}/{name}")]
    [InlineData("ab/{name}")]
    [InlineData("uploads/{*rest}")]
    [InlineData("uploads/{}")]
    public void Parse_OfWhatTheHostRejects_Throws(string path) => Should.Throw<ArgumentException>(() => BlobPattern.Parse(path)).Message.ShouldContain(path);
}
