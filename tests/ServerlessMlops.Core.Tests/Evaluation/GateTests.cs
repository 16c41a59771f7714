using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Evaluation;

public sealed class GateTests
{
    [Theory]
    [InlineData("auc >= 0.70", 0.70, true)]
    [InlineData("auc > 0.70", 0.70, false)]
    [InlineData("auc<=.5", 0.4, true)]
    [InlineData("auc < 0.5", 0.5, false)]
    [InlineData("auc >= -1e-3", 0.0, true)]
    public void Decide_AgainstANumber_Compares(string text, double auc, bool passes) => Decide(text, auc, null).Passed.ShouldBe(passes);

    [Theory]
    [InlineData("auc >= champion - 0.005", 0.796, true)]
    [InlineData("auc >= champion - 0.005", 0.794, false)]
    [InlineData("auc >= champion", 0.80, true)]
    [InlineData("auc > champion + 0.01", 0.805, false)]
    public void Decide_AgainstTheChampion_Compares(string text, double auc, bool passes) => Decide(text, auc, 0.80).Passed.ShouldBe(passes);

    [Fact]
    public void Decide_NoChampionYet_LetsThroughAndSaysWhy() =>
        Decide("auc >= champion - 0.005", 0.7, null).ShouldBe(new GateVerdict("auc >= champion - 0.005", true, "auc is 0.7, and no champion serves yet to compare with"));

    [Fact]
    public void Decide_MetricIsNotANumber_DoesNotLetThrough() => Decide("auc >= 0.5", double.NaN, null).Passed.ShouldBeFalse();

    [Fact]
    public void Decide_Fails_GivesTheNumbers() => Decide("auc >= champion - 0.005", 0.7, 0.8).Reason.ShouldBe("auc is 0.7, not >= 0.795 (the champion's 0.8 - 0.005)");

    [Theory]
    [InlineData("", "at position 1: found the end, expected the name of a metric")]
    [InlineData("auc", "at position 4: found the end, expected '>=', '>', '<=' or '<'")]
    [InlineData("auc => 1", "at position 5: found '=', expected '>=', '>', '<=' or '<'")]
    [InlineData("auc >= champion - x", "at position 19: found 'x', expected a number")]
    [InlineData("auc >= high", "at position 8: found 'high', expected a number or 'champion'")]
    [InlineData("auc >= 0.7 please", "at position 12: found 'please', expected the end")]
    [InlineData("auc >= 1e999", "at position 8: found '1e999', expected a number or 'champion'")]
    public void TryParse_Fault_SaysWhereAndWhatWasExpected(string text, string fault)
    {
        Gate.TryParse(text, out _, out string? found).ShouldBeFalse();

        found.ShouldStartWith(fault);
    }

    private static GateVerdict Decide(string text, double candidate, double? champion)
    {
        Gate.TryParse(text, out Gate? gate, out string? fault).ShouldBeTrue(fault);
        return gate!.Decide(new Dictionary<string, double> { ["auc"] = candidate }, champion is { } c ? new Dictionary<string, double> { ["auc"] = c } : null);
    }
}
