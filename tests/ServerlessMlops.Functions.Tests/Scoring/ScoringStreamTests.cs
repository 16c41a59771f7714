using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Tests.Scoring;

public sealed class ScoringStreamTests : IAsyncLifetime
{
    private ScoringApp _app = null!;

    public async Task InitializeAsync() => _app = await ScoringApp.StartAsync();

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task Post_Lines_AreAnsweredByALineEachThatCanBeLookedUp()
    {
        JsonElement[] answers = await AnswersAsync("{\"speed\":30,\"flight_id\":\"k1\"}\n{\"speed\":60,\"flight_id\":\"k2\"}\r\n\n{\"speed\":null}");
        answers.Select(a => a.GetProperty("probability").GetSingle()).ShouldBe([0.301f, 0.601f, 0.001f]);
        answers.ShouldAllBe(a => a.GetProperty("version").GetInt32() == 1);
        answers.Select(a => a.GetProperty("inferenceId").GetString()).Distinct().Count().ShouldBe(3);

        (PredictionEvidence? found, _) = await _app.Services.GetRequiredService<PredictionLookup>().FindAsync(answers[1].GetProperty("inferenceId").GetString()!, null, 1, default);
        found.ShouldNotBeNull().Prediction.GetProperty("key").GetString().ShouldBe("k2");
    }

    [Fact]
    public async Task Post_BadLinesAmongGoodOnes_AreAnsweredByTheirProblemsAndTheRestIsScored()
    {
        string[] lines =
        [
            """{"speed":30}""",
            """{"speed":"fast"}""",
            """not json""",
            "",
            """{"speed":1}{"speed":2}""",
            """[30]""",
            """{"speed":60,"colour":"red"}""",
            """{"speed":1}],"params":[{}""",
            """{"speed":90}""",
        ];
        JsonElement[] answers = await AnswersAsync(string.Join('\n', lines) + "\n");
        answers.Length.ShouldBe(8);
        answers.Where(a => a.TryGetProperty("problem", out _)).Select(a => a.GetProperty("line").GetInt32()).ShouldBe([2, 3, 5, 6, 8]);
        answers[1].GetProperty("problem").GetProperty("findings")[0].GetProperty("code").GetString().ShouldBe("wrongType");
        answers[5].GetProperty("warnings")[0].GetProperty("code").GetString().ShouldBe("extraColumn");
        answers[7].GetProperty("probability").GetSingle().ShouldBe(0.901f, 1e-6f);
    }

    [Fact]
    public async Task Post_MoreLinesThanARequestMayHaveRows_AreAllAnsweredInOrder()
    {
        const int Rows = 20_000;
        JsonElement[] answers = await AnswersAsync(string.Concat(Enumerable.Range(0, Rows).Select(i => $"{{\"speed\":{i % 90},\"inferenceId\":\"row-{i}\"}}\n")));
        answers.Select(a => a.GetProperty("inferenceId").GetString()).ShouldBe(Enumerable.Range(0, Rows).Select(i => $"row-{i}"));
    }

    [Fact]
    public async Task Post_AnEndlessLine_EndsWithItsProblem()
    {
        JsonElement[] answers = await AnswersAsync("{\"speed\":30}\n{\"speed\":1" + new string(' ', 700_000));
        answers.Length.ShouldBe(2);
        answers[1].GetProperty("problem").GetProperty("status").GetInt32().ShouldBe(413);
    }

    [Fact]
    public async Task Post_WhileMoreIsToCome_AnswersWhatHasCome()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _app.Client.BaseAddress!.Port);
        await socket.SendAsync("POST /models/flights/invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
        for (int i = 1; i <= 3; i++)
        {
            string line = $"{{\"speed\":{i}0}}\n";
            await socket.SendAsync(Encoding.ASCII.GetBytes($"{line.Length:x}\r\n{line}\r\n"));
            await ReceiveUntilAsync(socket, $"\"probability\":0.{i}01");
        }

        await socket.SendAsync("0\r\n\r\n"u8.ToArray());
        await ReceiveUntilAsync(socket, "0\r\n\r\n");
    }

    [Fact]
    public async Task Post_UnknownPipelineOrARequestsId_IsAProblemAsAWhole()
    {
        await ScoringApp.ShouldBeProblemAsync(await _app.PostAsync("{\"speed\":1}\n", RecordLinesProtocol.MediaType, "/models/none-such/invocations"), 404);
        using var request = new HttpRequestMessage(HttpMethod.Post, ScoringApp.Path) { Content = new StringContent("{}", Encoding.UTF8, RecordLinesProtocol.MediaType) };
        request.Headers.Add("Inference-Id", "mine");
        await ScoringApp.ShouldBeProblemAsync(await _app.Client.SendAsync(request), 400);
    }

    [Fact]
    public async Task Post_FuzzedLines_AreAlwaysAnsweredByWholeLines()
    {
        var random = new Random(7);
        byte[] seed = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5).Select(i => $"{{\"speed\":{i}.5,\"flight_id\":\"k{i}\"}}\n")));
        for (int i = 0; i < 200; i++)
        {
            byte[] body = [.. seed];
            for (int edits = random.Next(1, 6); edits > 0; edits--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            using var content = new ByteArrayContent(body);
            content.Headers.Add("Content-Type", RecordLinesProtocol.MediaType);
            using HttpResponseMessage response = await _app.Client.PostAsync(ScoringApp.Path, content);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            Parse(await response.Content.ReadAsStringAsync()).Length.ShouldBeInRange(1, body.Count(b => b == '\n') + 1);
        }
    }

    private async Task<JsonElement[]> AnswersAsync(string lines)
    {
        using HttpResponseMessage response = await _app.PostAsync(lines, RecordLinesProtocol.MediaType);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe(RecordLinesProtocol.MediaType);
        return Parse(await response.Content.ReadAsStringAsync());
    }

    private static JsonElement[] Parse(string answer)
    {
        answer.ShouldEndWith("\n");
        return [.. answer.TrimEnd('\n').Split('\n').Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private static async Task ReceiveUntilAsync(Socket socket, string expected)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var received = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!received.ToString().Contains(expected, StringComparison.Ordinal))
        {
            int count = await socket.ReceiveAsync(buffer, deadline.Token);
            count.ShouldBeGreaterThan(0, received.ToString());
            received.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }
}
