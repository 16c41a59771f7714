using System.Buffers;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Core.Scoring.Predictions;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.Predictions;

public class PredictionSegmentTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    private static readonly ServingModel Model = new(Card(), 3, SumModel);
    private static readonly PredictionSegmentName Name = new("flights", new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero), "0123abcd", 4);

    [Fact]
    public void Render_RowsOfSeveralRequests_AreWholeLinesAndTheIndexFindsEach()
    {
        var segment = new PredictionSegment(Model, Name, At);
        Append(segment, """{"instances":[[30,20,"AA"],[null,2,null]]}""", "").ShouldBe(0);
        Append(segment, """{"dataframe_records":[{"speed":1,"altitude":0.1,"carrier":"Q\"Q","flight_id":"k\n1","inferenceId":"own"},{"speed":1,"altitude":1,"carrier":"Æro \"x\"","flight_id":"k2"}]}""", "req").ShouldBe(2);
        Append(segment, """{"instances":[[1,1,"DL"]]}""", "lone").ShouldBe(4);
        segment.Rows.ShouldBe(5);

        var lines = new ArrayBufferWriter<byte>();
        var index = new ArrayBufferWriter<byte>();
        segment.Render(lines, index);

        string[] written = Text(lines).TrimEnd('\n').Split('\n');
        written[0].ShouldBe("""{"inferenceId":"flights.2026010203.0123abcd.4.0","at":"2026-01-02T03:04:05.678Z","version":3,"features":{"speed":30,"altitude":20,"carrier":"AA"},"outputs":[0.5],"decision":"yes","latencyMicroseconds":41}""");
        written[1].ShouldContain("""
            "features":{"speed":null,"altitude":2,"carrier":null}
            """.Trim());
        written[2].ShouldContain("""
            "key":"k\n1","features":{"speed":1,"altitude":0.1,"carrier":"Q\"Q"}
            """.Trim());
        string[] ids = ["flights.2026010203.0123abcd.4.0", "flights.2026010203.0123abcd.4.1", "own", "req.1", "lone"];
        for (int i = 0; i < ids.Length; i++)
        {
            PredictionLine line = PredictionIndex.Find(index.WrittenSpan, Encoding.UTF8.GetBytes(ids[i])).ShouldNotBeNull();
            string found = Encoding.UTF8.GetString(lines.WrittenSpan.Slice((int)line.Offset, line.Length));
            found.ShouldBe(written[i]);
            JsonDocument.Parse(found).RootElement.GetProperty("inferenceId").GetString().ShouldBe(ids[i]);
        }

        var again = new ArrayBufferWriter<byte>();
        segment.Render(again, new ArrayBufferWriter<byte>());
        Text(again).ShouldBe(Text(lines));
    }

    [Fact]
    public void Render_Shadow_MarksLinesAndPointsToTheAnswersThatWereGiven()
    {
        var segment = new PredictionSegment(Model, Name, At, isShadow: true);
        ScoringBatch minted = Scored("""{"instances":[[30,20,"AA"],[1,2,null]]}""");
        segment.Append(minted, default, At, 41, "flights.2026010203.89abcdef.0."u8, 17);
        ScoringBatch own = Scored("""{"dataframe_records":[{"speed":1,"altitude":0.1,"carrier":"AA","inferenceId":"own"}]}""");
        segment.Append(own, default, At, 41, "flights.2026010203.89abcdef.0."u8, 19);
        ScoringBatch callers = Scored("""{"instances":[[30,20,"AA"]]}""");
        segment.Append(callers, "order-1"u8, At, 41, "flights.2026010203.89abcdef.0."u8, 20);

        var lines = new ArrayBufferWriter<byte>();
        var index = new ArrayBufferWriter<byte>();
        segment.Render(lines, index);

        JsonElement[] rows = [.. Text(lines).TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        rows.ShouldAllBe(row => row.GetProperty("shadow").GetBoolean());
        string[] ids = ["flights.2026010203.89abcdef.0.17:shadow", "flights.2026010203.89abcdef.0.18:shadow", "own:shadow", "order-1:shadow"];
        rows.Select(row => row.GetProperty("inferenceId").GetString()).ShouldBe(ids);
        PredictionIndex.Find(index.WrittenSpan, "own"u8).ShouldBeNull("the answer that was given is another row's");
        PredictionIndex.Find(index.WrittenSpan, "own:shadow"u8).ShouldNotBeNull();
    }

    private static ScoringBatch Scored(string body)
    {
        var batch = new ScoringBatch();
        batch.Reset(Model.Signature, Model.Version, ScoringLimits.Default);
        InvocationReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Predict(Model.Predictor);
        return batch;
    }

    [Fact]
    public void Find_AnyOfManyIds_IsFoundAndOthersAreNot()
    {
        var random = new Random(3);
        for (int count = 0; count < 60; count++)
        {
            string[] ids = [.. Enumerable.Range(0, count).Select(i => $"id{random.Next(1000)}-{i}")];
            var buffer = new ArrayBufferWriter<byte>();
            PredictionIndex.Write([.. ids.Select((id, i) => ((ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(id), new PredictionLine(i, i + 1)))], buffer);
            for (int i = 0; i < count; i++)
            {
                PredictionIndex.Find(buffer.WrittenSpan, Encoding.UTF8.GetBytes(ids[i])).ShouldBe(new PredictionLine(i, i + 1));
            }

            PredictionIndex.Find(buffer.WrittenSpan, "id"u8).ShouldBeNull();
            PredictionIndex.Find(buffer.WrittenSpan, "zz"u8).ShouldBeNull();
        }
    }

    [Fact]
    public void Find_InADamagedIndex_Says() =>
        Should.Throw<InvalidDataException>(() => PredictionIndex.Find("no tabs here\n"u8, "x"u8)).Message.ShouldContain("damaged at byte 0");

    private static int Append(PredictionSegment segment, string body, string requestId)
    {
        var batch = new ScoringBatch();
        batch.Reset(Model.Signature, 3, ScoringLimits.Default);
        InvocationReader.Read(Encoding.UTF8.GetBytes(body), batch, ScoringLimits.Default).ShouldBeNull();
        batch.Predict(SumModel);
        return segment.Append(batch, Encoding.UTF8.GetBytes(requestId), At, 41);
    }
}
