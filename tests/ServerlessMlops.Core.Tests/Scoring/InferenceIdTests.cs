using System.Text;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Core.Tests.Scoring;

public class InferenceIdTests
{
    private static readonly DateTimeOffset Hour = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(4)]
    [InlineData(-1)]
    public void TryParse_MintedId_GivesItsPlace(int segment)
    {
        var id = new InferenceId("bird-strikes", Hour, "0123abcd", segment, 17);
        InferenceId.TryParse(id.ToString(), out InferenceId parsed).ShouldBeTrue();
        parsed.ShouldBe(id);
        InferenceId.IsValid(Encoding.UTF8.GetBytes(id.ToString())).ShouldBeTrue();
    }

    [Fact]
    public void SegmentName_Paths_FollowTheLayoutAndReadBack()
    {
        PredictionSegmentName name = new InferenceId("flights", Hour, "0123abcd", 4, 17).SegmentName;
        name.LinesPath.ShouldBe("flights/2026/01/02/03/0123abcd-4.jsonl");
        name.IndexPath.ShouldBe("flights/2026/01/02/03/0123abcd-4.index");
        PredictionSegmentName.TryParseIndexPath(name.IndexPath, out PredictionSegmentName parsed).ShouldBeTrue();
        parsed.ShouldBe(name);
        PredictionSegmentName.TryParseIndexPath(name.LinesPath, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("order-4711")]
    [InlineData("a.b.c.d.e")]
    [InlineData("flights.2026010203.0123abcd.4")]
    [InlineData("flights.2026010299.0123abcd.4.1")]
    [InlineData("flights.2026010203.0123abcd.y.1")]
    [InlineData("flights.2026010203.0123abcd.4.-1")]
    public void TryParse_IdOfACaller_IsNone(string id) => InferenceId.TryParse(id, out _).ShouldBeFalse();

    [Theory]
    [InlineData("", false)]
    [InlineData("ok:1_2-3.4", true)]
    [InlineData("no/slash", false)]
    [InlineData("no space", false)]
    [InlineData("né", false)]
    public void IsValid_ByTheRule(string id, bool expected) => InferenceId.IsValid(Encoding.UTF8.GetBytes(id)).ShouldBe(expected);
}
