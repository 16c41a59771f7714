using System.Globalization;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>What answers of trained models say beside their outputs, on the whole app.</summary>
[Collection(TestAppCollection.Name)]
public sealed class TrainedAnswersTests(TestApp app)
{
    [Theory]
    [InlineData("linear")]
    [InlineData("boosting")]
    public async Task Regression_OfNewRows_HasIntervalsThatCoverAndExplanationsThatAddUp(string candidate)
    {
        string pipeline = app.NewPipeline("interval");
        Run run = await app.TrainAsync(pipeline, $"target: weight\ntask: regression\nkey: id\ntrain: {{candidates: [{candidate}]}}\nscoring: {{coverage: 0.8}}\n", rows: 1500);
        run.Status.ShouldBe(RunStatus.Succeeded, run.Reason);
        await app.RunAsync(pipeline, "version 1 is live", r => r is { Kind: RunKind.Rollout, IsEnded: true });

        string[][] rows = [.. TestApp.Rows(800, 77).TrimEnd('\n').Split('\n').Skip(1).Select(line => line.Split(','))];
        JsonElement answer = await PostAsync($"models/{pipeline}/invocations", "height,colour,heavy\n" + string.Join('\n', rows.Select(r => $"{r[2]},{r[3]},{r[4]}")), "text/csv");
        answer.GetProperty("intervalCoverage").GetDouble().ShouldBe(0.8);
        double covered = answer.GetProperty("predictions").EnumerateArray().Zip(rows).Count(pair =>
        {
            JsonElement interval = pair.First.GetProperty("interval");
            double truth = double.Parse(pair.Second[1], CultureInfo.InvariantCulture);
            return truth >= interval[0].GetDouble() && truth <= interval[1].GetDouble();
        }) / (double)rows.Length;
        covered.ShouldBeInRange(0.7, 0.9, "the stated four fifths, as far as some hundred rows of hold-out and eight hundred new ones can tell");

        JsonElement explained = await PostAsync(
            $"models/{pipeline}/invocations?explain=true", """{"dataframe_records":[{"height":0.5,"colour":"red","heavy":true},{"height":0.5,"colour":"red","heavy":false}]}""", "application/json");
        explained.TryGetProperty("warnings", out JsonElement warnings).ShouldBeFalse(explained.ToString());
        foreach (JsonElement prediction in explained.GetProperty("predictions").EnumerateArray())
        {
            JsonElement explanation = prediction.GetProperty("explanation");
            double sum = explanation.GetProperty("base").GetDouble() + explanation.GetProperty("contributions").EnumerateObject().Sum(c => c.Value.GetDouble());
            sum.ShouldBe(prediction.GetProperty("value").GetDouble(), 1e-3, "a regression's score is its value");
        }

        double OfHeavy(int row) => explained.GetProperty("predictions")[row].GetProperty("explanation").GetProperty("contributions").GetProperty("heavy").GetDouble();
        OfHeavy(0).ShouldBeGreaterThan(OfHeavy(1) + 1, "the heavy ones weigh more, and nothing else differs");
    }

    private async Task<JsonElement> PostAsync(string path, string body, string type)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using HttpResponseMessage response = await app.Http.PostAsync(path, content);
        string text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(text);
        return JsonDocument.Parse(text).RootElement;
    }
}
