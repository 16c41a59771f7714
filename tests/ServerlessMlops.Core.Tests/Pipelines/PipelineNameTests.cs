using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Tests.Pipelines;

public sealed class PipelineNameTests
{
    [Theory]
    [InlineData("birdstrikes/1990.csv", "birdstrikes")]
    [InlineData("p1/a/b/c.csv", "p1")]
    [InlineData("root.csv", null)]
    [InlineData("/x.csv", null)]
    [InlineData("p1/", null)]
    [InlineData("Upper/x.csv", null)]
    [InlineData("../x.csv", null)]
    [InlineData("a\n/x.csv", null)]
    public void OfPath_FirstSegment_IsThePipeline(string path, string? pipeline) => PipelineName.OfPath(path).ShouldBe(pipeline);
}
