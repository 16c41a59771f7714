using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.EndToEnd;

/// <summary>
/// Every secret that the app has to do with, searched for in everything that it leaves behind after it did all it does: its output, the traces, metrics and logs that it
/// exported, every blob and every row.
/// </summary>
public sealed class SecretsTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Master = "operator-key-Q7r2/+uJx0w==";
    private const string Reader = "reader-key-9fLm/+Aa31==";
    private const string Scorer = "scorer-key-Zt5v/+Kq88==";
    private const string HookPath = "T0K3N-in-the-path-8812";
    private const string HookSecret = "whsec_bm90LXRvLWJlLXNlZW4tYW55d2hlcmU=";
    private const string SlackPath = "B0T5/XOXB-4711-never-shown";
    private const string CollectorToken = "collector-token-55aa77";

    [Fact]
    public async Task FullRun_LeavesNoSecretInLogsTelemetryOrStorage()
    {
        string pipeline = azurite.UniqueName("secret");
        var secrets = new Dictionary<string, string>
        {
            ["operator key"] = Master,
            ["reader key"] = Reader,
            ["scorer key"] = Scorer,
            ["path of the web hook"] = HookPath,
            ["key of the web hook"] = HookSecret,
            ["path of the Slack hook"] = SlackPath,
            ["token of the collector"] = CollectorToken,
            ["account key"] = AzuriteProcess.AccountKey,
            ["a key that was tried"] = "guessed-key-31415",
        };
        await using WebhookReceiver hook = await WebhookReceiver.StartAsync(HookPath);
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        string log;
        await using (AppProcess app = await StartAsync(hook, collector))
        {
            app.UseKey(Master);
            await app.PutSpecAsync(pipeline, Uploads.Spec + "\nalerts: [{to: webhook, on: [rejected]}, {to: slack, on: [rejected]}]\n");
            secrets["signature of the first link"] = await UploadAsync(app, pipeline, "birds.csv", Uploads.Rows(1500));
            await app.RunAsync(pipeline, "the rollout has ended", run => run.Kind == "rollout" && run.IsEnded);
            (await ScoreAsync(app, pipeline, Scorer)).ShouldBe(HttpStatusCode.OK);
            (await ScoreAsync(app, pipeline, secrets["a key that was tried"])).ShouldBe(HttpStatusCode.Unauthorized);
            (await app.GetTextAsync($"api/pipelines/{pipeline}/models?code={Uri.EscapeDataString(Reader)}")).Status.ShouldBe(HttpStatusCode.OK);

            // Rejected data raise an alert, which goes to a hook that takes it and to one that does not answer.
            secrets["signature of the second link"] = await UploadAsync(app, pipeline, "bad.csv", Encoding.UTF8.GetBytes("nothing,of,it\n1,2,3\n"));
            await app.RunAsync(pipeline, "the bad file is rejected", run => run.Kind == "ingestion" && run.Status == "rejected");
            await Eventually.GetAsync("the alert has arrived", () => Task.FromResult((hook.Received.IsEmpty ? null : "yes", app.Log)));
            (HttpStatusCode tried, string outcome) = await app.PostAsync($"api/pipelines/{pipeline}/alerts/test", "{}");
            tried.ShouldBe(HttpStatusCode.OK, outcome);
            outcome.ShouldContain("\"delivered\":true");
            outcome.ShouldContain("\"delivered\":false");
            ShouldHoldNone(new Dictionary<string, string> { ["answer of a trial"] = outcome }, secrets);
            await Eventually.GetAsync("traces, metrics and logs have arrived", () => Task.FromResult((
                collector.Spans.Any(span => span.Name == "orchestration:RolloutOrchestrator") && collector.Metrics.Contains("mlops.predictions") && collector.Signals.Contains("logs") ? "yes" : null,
                string.Join(", ", collector.Signals.Concat(collector.Metrics)))));
            log = app.Log;
        }

        // What is searched is what there is: each source holds what it should, and the secrets were in use.
        (string id, long timestamp, string signature, byte[] body) = hook.Received.First();
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")), .. body];
        signature.ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(HookSecret["whsec_".Length..]), signed)));
        var sources = new Dictionary<string, string>(await StoredText.ReadAsync(azurite.ConnectionString))
        {
            ["output"] = log,
            ["telemetry"] = string.Concat(collector.Bodies.Select(sent => Encoding.UTF8.GetString(sent))),
            ["messages to the hook"] = string.Concat(hook.Received.Select(message => Encoding.UTF8.GetString(message.Body))),
        };
        foreach (string source in (string[])["output", "telemetry", "messages to the hook", "table runs", "table registry", "table alerts", $"blob pipelines/{pipeline}.yaml"])
        {
            sources.Keys.ShouldContain(source);
        }

        log.ShouldContain("dbug:", Case.Sensitive, "the app was to tell all it can");
        foreach (string source in (string[])["output", "telemetry", "messages to the hook", "table runs"])
        {
            sources[source].ShouldContain(pipeline, Case.Sensitive, source);
        }

        ShouldHoldNone(sources, secrets);
    }

    /// <summary>As it stands, as it would stand in a URL, in JSON and in base64.</summary>
    private static void ShouldHoldNone(IReadOnlyDictionary<string, string> sources, Dictionary<string, string> secrets)
    {
        foreach ((string what, string secret) in secrets)
        {
            string[] forms =
            [
                secret, Uri.EscapeDataString(secret), WebUtility.UrlEncode(secret), JsonSerializer.Serialize(secret).Trim('"'), Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('='),
            ];
            foreach ((string source, string text) in sources)
            {
                foreach (string form in forms.Distinct())
                {
                    int at = text.IndexOf(form, StringComparison.Ordinal);
                    at.ShouldBe(-1, $"{what} stands in {source}: ...{(at < 0 ? "" : text.Substring(Math.Max(0, at - 200), Math.Min(260, text.Length - Math.Max(0, at - 200))))}");
                }
            }
        }
    }

    /// <summary>Drops a file by a link of the app; gives the link's signature.</summary>
    private static async Task<string> UploadAsync(AppProcess app, string pipeline, string name, byte[] content)
    {
        (HttpStatusCode status, string answer) = await app.PostAsync($"api/pipelines/{pipeline}/uploads", JsonSerializer.Serialize(new { name }));
        status.ShouldBe(HttpStatusCode.Created, answer);
        string url = JsonDocument.Parse(answer).RootElement.GetProperty("url").GetString()!;
        using var somebody = new HttpClient();
        using var body = new ByteArrayContent(content);
        body.Headers.Add("x-ms-blob-type", "BlockBlob");
        using HttpResponseMessage sent = await somebody.PutAsync(url, body);
        sent.StatusCode.ShouldBe(HttpStatusCode.Created);
        return Uri.UnescapeDataString(url.Split("sig=")[1].Split('&')[0]);
    }

    // The key in the query, where proxies and careless telemetry would keep it.
    private static async Task<HttpStatusCode> ScoreAsync(AppProcess app, string pipeline, string key)
    {
        using var anybody = new HttpClient { BaseAddress = app.Url };
        using var body = new StringContent(
            """
            {"dataframe_records": [{"aircraft": "B-737-300", "operator": "SOUTHWEST AIRLINES", "origin_state": "Texas", "phase": "Climb",
              "wildlife_size": "Large", "wildlife_species": "Canada goose", "time_of_day": "Day", "speed_knots": 200}]}
            """,
            Encoding.UTF8,
            "application/json");
        using HttpResponseMessage answer = await anybody.PostAsync($"models/{pipeline}/invocations?code={Uri.EscapeDataString(key)}", body);
        return answer.StatusCode;
    }

    private Task<AppProcess> StartAsync(WebhookReceiver hook, OtlpCollector collector) => AppProcess.StartAsync(
        azurite.ConnectionString,
        ("Host__Keys__Master", Master),
        ("Host__Keys__Default", Reader),
        ("Host__Keys__Functions__Score", Scorer),
        ("ALERTS_WEBHOOK_URL", hook.Url),
        ("ALERTS_WEBHOOK_URL_SECRET", HookSecret),
        ("ALERTS_SLACK_URL", $"http://127.0.0.1:9/services/{SlackPath}"),
        ("Alerts__AllowLoopback", "true"),
        ("Alerts__GroupWait", "00:00:00"),
        ("Alerts__Retries", "1"),
        ("Alerts__RetryDelay", "00:00:00.010"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", $"authorization=Bearer {CollectorToken}"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),

        // As talkative as it gets.
        ("Logging__LogLevel__Default", "Trace"));
}
