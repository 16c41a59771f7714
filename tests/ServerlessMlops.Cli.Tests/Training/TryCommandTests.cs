using System.Globalization;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Cli.Tests.Training;

public class TryCommandTests
{
    [Fact]
    public async Task Try_LearnableFile_NamesTheWinnerAndWritesItsModel()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", Rows(1200, 1)), model = Path.Combine(folder.Path, "model.onnx");

        CliOutcome outcome = await CliRunner.RunAsync("try", file, "--target", "late", "--threads", "1", "--model-out", model, "--json");

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        JsonElement facts = JsonDocument.Parse(outcome.Output).RootElement;
        facts.GetProperty("task").GetString().ShouldBe("binary");
        facts.GetProperty("rowsKept").GetInt32().ShouldBe(1200);
        (facts.GetProperty("trainRows").GetInt32() + facts.GetProperty("holdoutRows").GetInt32()).ShouldBe(1200);
        JsonElement[] candidates = [.. facts.GetProperty("candidates").EnumerateArray()];
        candidates.Select(c => c.GetProperty("name").GetString()).ShouldBe(["baseline", "linear", "boosting"]);
        double[] auc = [.. candidates.Select(c => c.GetProperty("metrics").GetProperty("auc").GetDouble())];
        auc[0].ShouldBe(0.5, 1e-9);
        auc.Max().ShouldBeGreaterThan(0.9);
        facts.GetProperty("winner").GetString().ShouldBe(candidates[Array.IndexOf(auc, auc.Max())].GetProperty("name").GetString());
        facts.GetProperty("stages").EnumerateArray().Select(s => s.GetProperty("stage").GetString()).ShouldBe(
            ["ingest", "prepare", "train baseline", "train linear", "train boosting", "explain", "write model"]);
        JsonElement estimate = facts.GetProperty("winnerMetric");
        estimate.GetProperty("value").GetDouble().ShouldBeInRange(estimate.GetProperty("low").GetDouble(), estimate.GetProperty("high").GetDouble());
        JsonElement strongest = facts.GetProperty("influences")[0];
        strongest.GetProperty("loss").GetDouble().ShouldBeGreaterThan(0.05);
        strongest.GetProperty("curve").GetArrayLength().ShouldBeGreaterThan(1);
        facts.GetProperty("peakMemoryBytes").GetInt64().ShouldBeGreaterThan(10_000_000);

        ScoringModel scoring = OnnxModel.Load(await File.ReadAllBytesAsync(model));
        scoring.Task.ShouldBe(LearningTask.Binary);
        scoring.Inputs.Select(i => i.Name).ShouldBe(["distance", "carrier", "hour"], ignoreOrder: true);
    }

    [Fact]
    public async Task Try_OneOrTwoThreads_ComesToTheSameModel()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", Rows(800, 2));
        string[] models = ["one.onnx", "two.onnx"];
        for (int i = 0; i < 2; i++)
        {
            (await CliRunner.RunAsync("try", file, "--target", "late", "--threads", $"{i + 1}", "--model-out", Path.Combine(folder.Path, models[i]))).ExitCode.ShouldBe(ExitCode.Success);
        }

        (await File.ReadAllBytesAsync(Path.Combine(folder.Path, models[0]))).ShouldBe(await File.ReadAllBytesAsync(Path.Combine(folder.Path, models[1])));
    }

    [Fact]
    public async Task Try_SecondFile_IsWhatCandidatesAreJudgedOn()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", Rows(800, 3)), test = folder.Write("test.csv", Rows(300, 4));

        CliOutcome outcome = await CliRunner.RunAsync("try", file, "--target", "late", "--test", test, "--json");

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        JsonElement facts = JsonDocument.Parse(outcome.Output).RootElement;
        facts.GetProperty("trainRows").GetInt32().ShouldBe(800);
        facts.GetProperty("holdoutRows").GetInt32().ShouldBe(300);
    }

    [Fact]
    public async Task Try_Regression_TellsHowFarTheTrueValuesLie()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", Rows(800, 6));
        string spec = folder.Write("spec.yaml", "target: distance\ntrain: { candidates: [linear] }\nscoring: { coverage: 0.8 }\n");

        CliOutcome told = await CliRunner.RunAsync("try", file, "--spec", spec);
        told.ExitCode.ShouldBe(ExitCode.Success, told.Error);
        told.Output.ShouldContain("80% of the true values lie within");
    }

    [Fact]
    public async Task Try_SpecWithASearch_TellsWhatItFound()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", Rows(800, 5));
        string spec = folder.Write("spec.yaml", "target: late\ntrain: { candidates: [linear, boosting], search: { trials: 3 }, metric: log_loss }\n");

        CliOutcome outcome = await CliRunner.RunAsync("try", file, "--spec", spec);

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("4 settings in");
        outcome.Output.ShouldContain("wins by log_loss on");
        outcome.Output.ShouldContain("peak memory");
    }

    [Fact]
    public async Task Try_SpecWithCostsAndCalibration_WritesThemIntoTheModel()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", Rows(900, 6)), model = Path.Combine(folder.Path, "model.onnx");
        string spec = folder.Write("spec.yaml", "target: late\ntrain: { candidates: [linear], calibration: platt, costs: { fp: 1, fn: 9 } }\n");

        CliOutcome outcome = await CliRunner.RunAsync("try", file, "--spec", spec, "--model-out", model);

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("which costs least");
        outcome.Output.ShouldContain("It goes by");
        OnnxModel.Load(await File.ReadAllBytesAsync(model)).Threshold.ShouldBeInRange(0.01, 0.3);
    }

    [Theory]
    [InlineData("late", "yes,no", "--threads", "0", ExitCode.Usage, "--threads is 0; expected 1 to 256.")]
    [InlineData("absent", "yes,no", "--threads", "1", ExitCode.Failed, "absent")]
    [InlineData("late", "same,same", "--threads", "1", ExitCode.Failed, "late")]
    [InlineData("late", "yes,no", "--test", "nowhere.csv", ExitCode.Usage, "There is no file")]
    [InlineData("late", "yes,no", "--spec", "nowhere.yaml", ExitCode.Usage, "There is no file")]
    [InlineData("late", "yes,no", "--model-out", "no/such/folder/model.onnx", ExitCode.Usage, "there is no folder")]
    public async Task Try_BadInput_SaysWhatIsWrong(string target, string classes, string option, string value, int exitCode, string expected)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", Rows(200, 6, classes.Split(',')));
        CliOutcome outcome = await CliRunner.RunAsync("try", file, "--target", target, option, value);
        outcome.ExitCode.ShouldBe(exitCode, outcome.Output + outcome.Error);
        outcome.Error.ShouldContain(expected);
        outcome.Error.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task Try_FileThatIsNoTable_IsRejectedWithItsReason()
    {
        using var folder = new TemporaryFolder();
        CliOutcome outcome = await CliRunner.RunAsync("try", folder.Write("empty.csv", ""), "--target", "late");
        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("is rejected:");
    }

    [Fact]
    public async Task Try_TestFileWithAnUnknownClass_SaysWhich()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("rows.csv", Rows(200, 7, ["early", "late"])), test = folder.Write("test.csv", Rows(200, 8, ["early", "perhaps"]));
        CliOutcome outcome = await CliRunner.RunAsync("try", file, "--target", "late", "--test", test);
        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("'perhaps'");
    }

    [Fact]
    public async Task Try_NeitherTargetNorSpec_AsksForOne()
    {
        using var folder = new TemporaryFolder();
        CliOutcome outcome = await CliRunner.RunAsync("try", folder.Write("rows.csv", Rows(50, 9)));
        outcome.ExitCode.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain("--target");
    }

    /// <summary>Flights whose delay hangs on carrier and hour, with some noise.</summary>
    private static string Rows(int count, int seed, string[]? classes = null)
    {
        classes ??= ["no", "yes"];
        var random = new Random(seed);
        string[] carriers = ["AA", "DL", "UA", "WN"];
        var text = new StringBuilder("distance,carrier,hour,late\n");
        for (int i = 0; i < count; i++)
        {
            int carrier = random.Next(4);
            double hour = Math.Round(random.NextDouble() * 24, 2), distance = Math.Round(random.NextDouble() * 3000, 1);
            bool late = hour + (carrier * 4) + (random.NextDouble() * 4) > 20;
            text.Append(CultureInfo.InvariantCulture, $"{distance},{carriers[carrier]},{hour},{classes[late ? 1 : 0]}\n");
        }

        return text.ToString();
    }
}
