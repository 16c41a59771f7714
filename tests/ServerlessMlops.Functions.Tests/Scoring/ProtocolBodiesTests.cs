using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>The protocols' own examples, as they stand (Protocols/README.md cites the pages).</summary>
public sealed class ProtocolBodiesTests
{
    private const string V2 = "/v2/models/flights/infer";

    [Theory]
    [InlineData("mlflow-inputs-rows.json", "x1 x2", 3)]
    [InlineData("mlflow-inputs-columns-params.json", "question:c context:c", 1)]
    [InlineData("mlflow-instances.json", "x", 3)]
    [InlineData("mlflow-dataframe-split.json", "feature1 feature2 feature3 feature4", 1)]
    [InlineData("mlflow-dataframe-split-index.json", "col1 col2", 2)]
    [InlineData("mlflow-dataframe-records.json", "col1 col2", 2)]
    [InlineData("mlflow-records-array.json", "a b:c", 3)]
    [InlineData("mlflow.csv", "1 2 3 4", 0)]
    public async Task Invocations_BodyOfTheDocumentation_IsAnswered(string file, string inputs, int rows)
    {
        await using ScoringApp app = await StartAsync(inputs);
        using HttpResponseMessage response = await app.Client.PostAsync(ScoringApp.Path, Body(file));
        JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        response.StatusCode.ShouldBe(HttpStatusCode.OK, answer.ToString());
        answer.GetProperty("predictions").GetArrayLength().ShouldBe(rows);
        answer.GetProperty("version").GetInt32().ShouldBe(2);
    }

    [Theory]
    [InlineData("v2-tensor-natural.json", "x1 x2", "0.012 0.042")]
    [InlineData("v2-tensor-flat.json", "x1 x2", "0.012 0.042")]
    [InlineData("v2-kserve-iris.json", "sepal_length sepal_width petal_length petal_width", "0.07 0.062")]
    public async Task Infer_BodyOfTheDocumentation_IsAnswered(string file, string inputs, string probabilities)
    {
        await using ScoringApp app = await StartAsync(inputs);
        using HttpResponseMessage response = await app.Client.PostAsync(V2, Body(file));
        JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        response.StatusCode.ShouldBe(HttpStatusCode.OK, answer.ToString());
        answer.GetProperty("model_version").GetString().ShouldBe("2");
        JsonElement probability = answer.GetProperty("outputs").EnumerateArray().Single(o => o.GetProperty("name").GetString() == "probability");
        probability.GetProperty("shape")[0].GetInt32().ShouldBe(2);
        probability.GetProperty("data").EnumerateArray().Select(p => p.GetSingle())
            .ShouldBe(probabilities.Split(' ').Select(p => float.Parse(p, System.Globalization.CultureInfo.InvariantCulture)), 1e-6);
    }

    [Theory]
    [InlineData("mlflow-inputs-ragged.json", ScoringApp.Path, "token:c")]
    [InlineData("mlflow-inputs-chat.json", ScoringApp.Path, "messages:c")]
    [InlineData("v2-infer-example.json", V2, "input0 input1")]
    public async Task Post_ExampleThatIsNoTable_IsRefusedWithItsReason(string file, string path, string inputs)
    {
        await using ScoringApp app = await StartAsync(inputs);
        await ScoringApp.ShouldBeProblemAsync(await app.Client.PostAsync(path, Body(file)), 400);
    }

    private static async Task<ScoringApp> StartAsync(string inputs)
    {
        ScoringApp app = await ScoringApp.StartAsync();
        app.Models.Inputs = [.. inputs.Split(' ').Select(i => i.Split(':') is [var name, _]
            ? new FeatureSignature(name, FeatureKind.Category) { Categories = ["pink"] }
            : new FeatureSignature(i, FeatureKind.Number))];
        app.Models.Serve(2);
        return app;
    }

    private static ByteArrayContent Body(string file)
    {
        var content = new ByteArrayContent(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Scoring", "Protocols", file)));
        content.Headers.ContentType = new MediaTypeHeaderValue(file.EndsWith(".csv", StringComparison.Ordinal) ? "application/csv" : "application/json");
        return content;
    }
}
