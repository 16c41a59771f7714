using System.Buffers;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Bulk;
using ServerlessMlops.Core.Scoring.Predictions;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Scoring.Bulk;

public class BulkScorerTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly ServingModel Model = new(Card(), 3, SumModel);

    [Fact]
    public void Score_Csv_AnswersEveryRowInItsPlace()
    {
        BulkJob job = Job(BulkFormat.Csv, "speed;altitude;carrier;flight_id", ';');
        string[] answer = Answer(job, "60;2;AA;k1\r\nfast;2;AA;k2\n\n1;2;\"Æro \"\"x\"\"\";\"k;3\"\n1;2;QQ;k4\n1;2\n", out var sums);

        answer.Length.ShouldBe(5);
        answer[0].ShouldBe($"1,k1,yes,0.62,3,flights.2026010203.{job.Instance}.7.0,,".TrimEnd(',') + ",");
        answer[1].ShouldStartWith("2,,,,,,\"'speed' is not a number");
        answer[2].ShouldStartWith("3,k;3,no,0.05,3,");
        answer[3].ShouldStartWith("4,k4,yes,0.53,3,");
        answer[4].ShouldStartWith("5,,,,,,");
        answer.ShouldAllBe(line => Commas(line) == Commas(Encoding.UTF8.GetString(new BulkScorer(job, Model).AnswerHeader()).TrimEnd()));
        (sums.Rows, sums.Rejected).ShouldBe((5, 2));
        sums.Found.Select(f => (f.Code, f.FirstRow, f.Rows)).ShouldBe([(FindingCode.WrongType, 2L, 1L), (FindingCode.UnknownCategory, 4L, 1L), (FindingCode.RowLength, 5L, 1L)]);
    }

    [Fact]
    public void Score_JsonLines_AnswersAsTheStreamDoes()
    {
        string[] answer = Answer(
            Job(BulkFormat.JsonLines), "{\"speed\":60,\"altitude\":2,\"carrier\":\"AA\"}\n\n{oops\n{\"speed\":1,\"altitude\":null,\"carrier\":\"DL\",\"inferenceId\":\"own\"}", out var sums);
        JsonElement[] lines = [.. answer.Select(line => JsonDocument.Parse(line).RootElement)];
        lines[0].GetProperty("version").GetInt32().ShouldBe(3);
        lines[1].GetProperty("line").GetInt64().ShouldBe(2);
        lines[1].GetProperty("problem").GetProperty("status").GetInt32().ShouldBe(400);
        lines[2].GetProperty("inferenceId").GetString().ShouldBe("own");
        (sums.Rows, sums.Rejected).ShouldBe((3, 1));
        sums.Found.Single().Code.ShouldBe(FindingCode.Malformed);
    }

    [Fact]
    public void Score_Again_GivesTheSameBytesAndLog()
    {
        BulkJob job = Job(BulkFormat.Csv, "speed,altitude,carrier");
        string rows = string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i % 97},{i % 13},{(i % 50 == 0 ? "QQ" : "AA")}{(i % 1000 == 0 ? ",x" : "")}\n"));
        (string Answer, string Log)[] twice = [.. Enumerable.Range(0, 2).Select(time =>
        {
            var segment = new PredictionSegment(Model, new PredictionSegmentName("flights", At.AddMinutes(-4).AddSeconds(-5), job.Instance, 7), At);
            var answers = new ArrayBufferWriter<byte>();
            (long scored, long rejected, _) = new BulkScorer(job, Model).Score(Encoding.UTF8.GetBytes(rows), 1, segment, answers);
            (scored, rejected).ShouldBe((5000, 5));
            var (lines, index) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
            segment.Render(lines, index);
            segment.Rows.ShouldBe(4995);
            return (Text(answers), Text(lines));
        })];
        twice[0].ShouldBe(twice[1]);
    }

    [Fact]
    public void Score_InParts_CountsTheRowsThatWereScored_AndALostPartLeavesNoTrace()
    {
        BulkJob job = Job(BulkFormat.Csv, "speed,altitude,carrier");
        ModelCard card = Card() with
        {
            Reference =
            [
                new FeatureGroups("speed", FeatureKind.Number, [50], [], [1, 1, 0]),
                new FeatureGroups("altitude", FeatureKind.Number, [], [], [2, 0]),
                new FeatureGroups("carrier", FeatureKind.Category, [], ["AA", "DL"], [1, 1, 0, 0]),
            ],
        };
        var model = new ServingModel(card, 3, SumModel);
        var start = new BulkProgress(0, 0, 0, 0, false, []);

        BulkProgress first = start.With(Counted("60,2,AA\nfast,2,AA\n1,,QQ\n"));
        _ = first.With(Counted("7,7,DL\n"));
        BulkProgress second = JsonSerializer.Deserialize<BulkProgress>(JsonSerializer.Serialize(first))!.With(Counted("7,7,DL\n"));

        WindowSums sums = second.Counts.ShouldNotBeNull();
        sums.Features.ShouldBe([[2, 1, 0], [2, 1], [1, 1, 1, 0]]);
        (sums.Predictions, sums.Requests, sums.Unknown[2]).ShouldBe((3, 0, 1));
        first.Counts!.Predictions.ShouldBe(2);
        start.With(null).Counts.ShouldBeNull();

        WindowSums? Counted(string rows)
        {
            var counter = new WindowCounter(card, 3, job.Instance);
            new BulkScorer(job, model, counter).Score(Encoding.UTF8.GetBytes(rows), 1, null, new ArrayBufferWriter<byte>());
            return counter.TakeSnapshot(At)?.Sums;
        }
    }

    [Theory]
    [InlineData("speed,altitude,carrier", null)]
    [InlineData("speed,altitude", "'carrier' is missing")]
    [InlineData("speed,altitude,carrier,speed", "named twice")]
    public void CheckHeader_ColumnsThatNoRowCanMend_AreToldBeforeTheFirst(string header, string? expected)
    {
        ScoringProblem? problem = new BulkScorer(Job(BulkFormat.Csv, header), Model).CheckHeader();
        (problem is null).ShouldBe(expected is null);
        problem?.Detail.ShouldContain(expected!);
    }

    [Theory]
    [InlineData("p/rows.csv.predictions.csv", true)]
    [InlineData("p/a/rows.predictions.summary.json", true)]
    [InlineData("p/my.predictions.of/rows.csv", false)]
    [InlineData("p/rows.csv", false)]
    public void IsAnswer_ByItsName_IsKnown(string path, bool expected) => BulkAnswer.IsAnswer(path).ShouldBe(expected);

    private static int Commas(string line)
    {
        int commas = 0;
        bool quoted = false;
        foreach (char c in line)
        {
            quoted ^= c == '"';
            commas += c == ',' && !quoted ? 1 : 0;
        }

        return commas;
    }

    private static BulkJob Job(BulkFormat format, string header = "", char delimiter = ',') => new(new Upload("flights/rows", "0x1"), 3, format, false, header, delimiter, 0, At);

    private static string[] Answer(BulkJob job, string rows, out (long Rows, long Rejected, IReadOnlyList<BulkFinding> Found) sums)
    {
        var segment = new PredictionSegment(Model, new PredictionSegmentName("flights", new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero), job.Instance, 7), At);
        var answers = new ArrayBufferWriter<byte>();
        sums = new BulkScorer(job, Model).Score(Encoding.UTF8.GetBytes(rows), 1, segment, answers);
        return Text(answers).TrimEnd('\n').Split('\n');
    }
}
