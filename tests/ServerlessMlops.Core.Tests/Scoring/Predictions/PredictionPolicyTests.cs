using System.Buffers;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Core.Scoring.Predictions;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.Predictions;

public class PredictionPolicyTests
{
    private static readonly ValueHasher Hasher = new(Encoding.UTF8.GetBytes("a key of sixteen or more bytes"));
    private static readonly ScoringSpec Spec = new()
    {
        Columns = new Dictionary<string, ColumnScoringSpec> { ["speed"] = new() { Log = LogForm.Omit }, ["altitude"] = new() { Log = LogForm.Hash }, ["carrier"] = new() { Log = LogForm.Hash } },
        Review = new ReviewSpec { Margin = 0.1 },
    };

    [Fact]
    public void Render_HashedAndOmittedColumns_TellEqualFromUnequalAndNothingElse()
    {
        JsonElement[] rows = Rows(Hasher, """{"instances":[[30,20,"AA"],[1,20,"QQ"],[2,21,"AA"],[2,null,null]]}""");
        rows.Any(row => row.GetProperty("features").TryGetProperty("speed", out _)).ShouldBeFalse();
        rows.ShouldAllBe(row => !row.GetRawText().Contains("AA") && !row.GetRawText().Contains("QQ"));
        string[] altitudes = [.. rows.Take(3).Select(row => row.GetProperty("features").GetProperty("altitude").GetProperty("hash").GetString()!)];
        altitudes[0].ShouldBe(altitudes[1]);
        altitudes[0].ShouldNotBe(altitudes[2]);
        altitudes[0].ShouldBe(Hasher.Hash("flights", "altitude", "20"u8));
        altitudes[0].ShouldNotBe(Hasher.Hash("flights", "speed", "20"u8), "equal values of two columns are not to be told");
        altitudes[0].ShouldNotBe(new ValueHasher(new byte[16]).Hash("flights", "altitude", "20"u8));
        string[] carriers = [.. rows.Take(3).Select(row => row.GetProperty("features").GetProperty("carrier").GetProperty("hash").GetString()!)];
        carriers[0].ShouldBe(carriers[2]);
        carriers[0].ShouldNotBe(carriers[1]);
        rows[3].GetProperty("features").GetProperty("altitude").ValueKind.ShouldBe(JsonValueKind.Null);
        rows[3].GetProperty("features").GetProperty("carrier").ValueKind.ShouldBe(JsonValueKind.Null);
        rows.Select(row => row.TryGetProperty("needsReview", out _)).ShouldBe([true, false, false, false]);
    }

    [Fact]
    public void Render_WithoutAKey_LeavesHashedColumnsOut() =>
        Rows(null, """{"instances":[[30,20,"AA"]]}""").Single().GetProperty("features").EnumerateObject().Count().ShouldBe(0);

    [Theory]
    [InlineData("scoring: {columns: {speed: {log: hash, onNull: warn}}, log: {share: 0.25, retention: 30d}}", null)]
    [InlineData("scoring: {columns: {speed: {log: hide}}}", "expected one of full, hash, omit")]
    [InlineData("scoring: {columns: {delayed: {log: omit}}}", "the column is the target")]
    [InlineData("key: id\nscoring: {columns: {id: {log: hash}}}", "the column is the key")]
    [InlineData("columns: {tail: ignore}\nscoring: {columns: {tail: {log: hash}}}", "no feature")]
    [InlineData("scoring: {log: {share: 2}}", "from 0 to 1")]
    [InlineData("scoring: {log: {retention: 5m}}", "too short")]
    [InlineData("scoring: {review: {between: {atLeast: 2, atMost: 1}}}", "swap them")]
    [InlineData("task: regression\nscoring: {review: {margin: 0.1}}", "decides nothing")]
    [InlineData("scoring: {reviw: {margin: 0.1}}", "Did you mean 'review'?")]
    public void Parse_ScoringSection_IsCheckedWithTheRest(string yaml, string? expected)
    {
        PipelineSpecResult result = PipelineSpecParser.Parse("target: delayed\n" + yaml);
        if (expected is null)
        {
            result.Findings.ShouldBeEmpty();
            result.Spec!.Scoring.Columns["speed"].Log.ShouldBe(LogForm.Hash);
            result.Spec.Scoring.Log.ShouldBe(new PredictionLogSpec { Share = 0.25, Retention = TimeSpan.FromDays(30) });
        }
        else
        {
            result.Findings.ShouldHaveSingleItem().Message.ShouldContain(expected);
        }
    }

    [Fact]
    public void ComputeHash_DefaultsOfScoringSpelledOut_IsTheSame() =>
        PipelineSpecParser.Parse("target: y\nscoring: {onExtra: warn, log: {share: 1}}\n").Spec!.ComputeHash().ShouldBe(PipelineSpecParser.Parse("target: y\n").Spec!.ComputeHash());

    private static JsonElement[] Rows(ValueHasher? hasher, string body)
    {
        var model = new ServingModel(Card(), 3, SumModel, new ScoringRules(Spec));
        var segment = new PredictionSegment(model, new PredictionSegmentName("flights", new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero), "0123abcd", 4), DateTimeOffset.UnixEpoch);
        var batch = new ScoringBatch();
        batch.Reset(model.Signature, 3, ScoringLimits.Default);
        InvocationReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Predict(model.Predictor);
        segment.Append(batch, default, DateTimeOffset.UnixEpoch, 1);
        var lines = new ArrayBufferWriter<byte>();
        segment.Render(lines, new ArrayBufferWriter<byte>(), hasher);
        return [.. Text(lines).TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
