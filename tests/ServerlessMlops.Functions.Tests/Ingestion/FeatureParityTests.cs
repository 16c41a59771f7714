using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Tests.Ingestion;

/// <summary>The same row, once learned from and once asked about over HTTP, gives the same features, bit by bit.</summary>
[Collection(TestAppCollection.Name)]
public sealed class FeatureParityTests(TestApp app)
{
    private const string Spec = "target: heavy\nkey: id\ntrain: {candidates: [linear]}\ngates: [auc >= 0.1]\ncolumns: {long: {type: integer}, flag: {type: boolean}}\n";

    /// <summary>Numbers whose way to single precision has forks: digits beyond a double's, halfway between two singles, whole numbers beyond 2^53, tiny and huge ones.</summary>
    private static readonly string[] Numbers =
        ["0.1", "1.00000017881393432617187499", "1.000000178813934326171875", "0.30000000000000004", "16777217", "1e-39", "3.4e38", "-2.5E-3", "", "123456.789012345", "-0.0", "7"];

    private static readonly string[] WholeNumbers = ["16777217", "9007199791611905", "-9007199791611905", "9223372036854775807", "", "0", "33554435", "-1"];

    private static readonly string[] Names = ["red", "żółty", "", "light blue", "0", "true"];

    private static string[][] Rows() =>
    [
        .. Enumerable.Range(0, 480).Select(i =>
        {
            bool heavy = i % 5 < 2;
            return (string[])[$"k{i}", Numbers[i % Numbers.Length], WholeNumbers[i % WholeNumbers.Length], Names[i % Names.Length], i % 7 == 0 ? "" : i % 3 == 0 ? "true" : "false",
                (heavy ? 10 + i % 4 : 5 + i % 6).ToString(CultureInfo.InvariantCulture), heavy ? "yes" : "no"];
        }),
    ];

    [Fact]
    public async Task Score_RowsThatWereTrainedOn_HaveTheSameFeaturesBitByBit()
    {
        string pipeline = app.NewPipeline("parity");
        string[][] rows = Rows();
        await app.PutSpecAsync(pipeline, Spec);
        await app.UploadAsync($"{pipeline}/rows.csv", "id,number,long,name,flag,weight,heavy\n" + string.Concat(rows.Select(r => string.Join(',', r) + "\n")));
        Run rollout = await app.RunAsync(pipeline, "a version serves", run => run is { Kind: RunKind.Rollout, IsEnded: true });
        rollout.Status.ShouldBe(RunStatus.Succeeded, rollout.Reason);
        (ColumnTable table, ScoringModel model) = await LoadAsync(pipeline);
        table.RowCount.ShouldBe(rows.Length);

        // A model that is loaded for the first request is tried out before it serves; that is not what is looked at.
        (await PostAsync(pipeline, rows[..1])).Status.ShouldBe(HttpStatusCode.OK);
        app.ScoredFeatures.Clear();
        (HttpStatusCode status, var body) = await PostAsync(pipeline, rows);
        status.ShouldBe(HttpStatusCode.OK, body);
        float[] scored = [.. app.ScoredFeatures.SelectMany(part => part)];

        FeatureTable learned = TrainingFeatures.Of(table, [.. model.Inputs.Select(i => i.Name)]);
        string[] keys = [.. Enumerable.Range(0, table.RowCount).Select(table["id"].TextAt)];
        int width = model.Inputs.Count;
        scored.Length.ShouldBe(rows.Length * width);
        for (int row = 0; row < rows.Length; row++)
        {
            int trained = Array.IndexOf(keys, rows[row][0]);
            for (int input = 0; input < width; input++)
            {
                float before = learned.Features[input] switch
                {
                    NumericFeature numbers => numbers.Values[trained],
                    CategoricalFeature names => names.Codes[trained] < 0 ? float.NaN : model.EncodeCategory(input, Encoding.UTF8.GetBytes(names.Categories[names.Codes[trained]])),
                    var other => throw new InvalidOperationException($"{other}"),
                };
                float now = scored[(row * width) + input];
                (BitConverter.SingleToInt32Bits(now) == BitConverter.SingleToInt32Bits(before) || (float.IsNaN(now) && float.IsNaN(before))).ShouldBeTrue(
                    $"row {row}, {model.Inputs[input].Name}: learned {before:R}, scored {now:R} from '{string.Join(',', rows[row])}'");
            }
        }

        model.Inputs.Where(i => i.Kind == InputKind.Category).ShouldAllBe(i => i.Categories.Count > 1);
    }

    private async Task<(ColumnTable Table, ScoringModel Model)> LoadAsync(string pipeline)
    {
        var datasets = app.Services.GetRequiredService<IDatasetStore>();
        var models = app.Services.GetRequiredService<IModelStore>();
        string id = (await datasets.ListDatasetsAsync(pipeline, CancellationToken.None)).ShouldHaveSingleItem();
        DatasetManifest manifest = (await datasets.GetManifestAsync(pipeline, id, CancellationToken.None))!;
        ModelCard card = (await models.LoadCardAsync(pipeline, 1, CancellationToken.None))!;
        return (await datasets.ReadAsync(pipeline, manifest, null, CancellationToken.None), OnnxModel.Load(await models.LoadModelAsync(pipeline, 1, card, CancellationToken.None)));
    }

    /// <summary>The rows as JSON, each number written as in the file.</summary>
    private async Task<(HttpStatusCode Status, string Body)> PostAsync(string pipeline, string[][] rows)
    {
        static string Raw(string text) => text.Length == 0 ? "null" : text;
        static string Quoted(string text) => text.Length == 0 ? "null" : $"\"{text}\"";
        string data = string.Join(',', rows.Select(r => $"[{Raw(r[1])},{Raw(r[2])},{Quoted(r[3])},{Raw(r[4])},{Raw(r[5])}]"));
        using var body = new StringContent($"{{\"dataframe_split\":{{\"columns\":[\"number\",\"long\",\"name\",\"flag\",\"weight\"],\"data\":[{data}]}}}}", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await app.Http.PostAsync($"models/{pipeline}/invocations", body);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
