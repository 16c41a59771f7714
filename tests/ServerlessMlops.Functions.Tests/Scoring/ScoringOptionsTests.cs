using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Tests.Scoring;

public class ScoringOptionsTests
{
    [Fact]
    public void Validate_Defaults_Pass() => new ScoringOptionsValidator().Validate(null, new ScoringOptions()).Succeeded.ShouldBeTrue();

    [Fact]
    public void Validate_SeveralFaults_NamesThemAll() =>
        new ScoringOptionsValidator().Validate(null, new ScoringOptions { MaxRows = 0, RefreshAfter = TimeSpan.Zero, LogRowsPerSecond = -1 }).Failures.ShouldBe(
            [
                "Setting 'Scoring:MaxRows' is 0; expected 1 to 1000000.",
                "Setting 'Scoring:RefreshAfter' is 00:00:00; expected 00:00:01 to 00:05:00.",
                "Setting 'Scoring:LogRowsPerSecond' is -1; expected 0 to 10000000.",
            ]);

    [Theory]
    [InlineData("", true)]
    [InlineData("MDEyMzQ1Njc4OWFiY2RlZg==", true)]
    [InlineData("c2hvcnQ=", false)]
    [InlineData("not base64!", false)]
    public void Validate_LogHashKey_IsAKeyOrNothing(string key, bool expected)
    {
        var options = new ScoringOptions { LogHashKey = key };
        new ScoringOptionsValidator().Validate(null, options).Succeeded.ShouldBe(expected);
        if (expected)
        {
            (options.CreateHasher() is null).ShouldBe(key.Length == 0);
        }
    }
}
