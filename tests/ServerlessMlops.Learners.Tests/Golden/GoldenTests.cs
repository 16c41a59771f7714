using System.Text.Json;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Linear;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Tests.Golden;

/// <summary>Against scikit-learn's numbers in golden.json (make_golden.py writes it). Predictions are float32 here, so metrics agree to about 1e-6.</summary>
public class GoldenTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "golden.json"))).RootElement;

    [Theory]
    [InlineData("binary", 2)]
    [InlineData("multiclass", 3)]
    [InlineData("regression", 0)]
    public void Metrics_WithAndWithoutWeights_MatchScikitLearn(string task, int classes)
    {
        JsonElement set = Golden.GetProperty(task);
        (float[] y, float[] p, float[] w) = (Floats(set, "y"), Floats(set, "p"), Floats(set, "w"));
        foreach (JsonProperty expected in set.EnumerateObject().Where(e => e.Name.Length > 1))
        {
            Metric metric = Metric.Find(expected.Name);
            metric.Compute(y, p, classes, null).ShouldBe(expected.Value[0].GetDouble(), 2e-6, expected.Name);
            metric.Compute(y, p, classes, w).ShouldBe(expected.Value[1].GetDouble(), 2e-6, $"{expected.Name}, weighted");
        }
    }

    [Fact]
    public void PinballAndPoissonDeviance_MatchScikitLearn()
    {
        JsonElement set = Golden.GetProperty("regression");
        (float[] y, float[] p, float[] w) = (Floats(set, "y"), Floats(set, "p"), Floats(set, "w"));
        RegressionMetrics.Pinball(y, p, 0.9).ShouldBe(Golden.GetProperty("pinball")[0].GetDouble(), 1e-6);
        RegressionMetrics.Pinball(y, p, 0.9, w).ShouldBe(Golden.GetProperty("pinball")[1].GetDouble(), 1e-6);
        float[] counts = Floats(Golden.GetProperty("poisson"), "y"), means = Array.ConvertAll(p, MathF.Abs);
        RegressionMetrics.PoissonDeviance(counts, means, w).ShouldBe(Golden.GetProperty("poisson").GetProperty("deviance")[1].GetDouble(), 1e-5);
    }

    [Theory]
    [InlineData("target", "ridge", LearningTask.Regression, 0, 1e-2)] // values about 150: seven digits of float32
    [InlineData("label", "logistic", LearningTask.Binary, 2, 2e-4)]
    [InlineData("three", "softmax", LearningTask.Multiclass, 3, 2e-4)]
    public void LinearModels_StandardisedColumns_MatchScikitLearn(string target, string expected, LearningTask task, int classes, double tolerance)
    {
        JsonElement set = Golden.GetProperty("linear");
        var x = new FeatureTable([.. set.GetProperty("columns").EnumerateArray().Select((c, i) => new NumericFeature($"x{i}", [.. c.EnumerateArray().Select(v => v.GetSingle())]))]);
        var options = new LearnerOptions { Name = LearnerOptions.Linear, LinearOptions = new LinearOptions { L2 = set.GetProperty("l2").GetDouble(), Tolerance = 1e-9, MaxIterations = 1000 } };
        TrainedModel model = Learner.Train(options, x, Floats(set, target), task, [.. Enumerable.Range(0, classes).Select(k => $"{k}")]);
        float[] predictions = model.Predict(x), wanted = Floats(set, expected);
        for (int i = 0; i < wanted.Length; i++)
        {
            predictions[i].ShouldBe(wanted[i], tolerance);
        }
    }

    [Theory]
    [InlineData("target", LearningTask.Regression, 0, 1e-2, 0)]
    [InlineData("label", LearningTask.Binary, 2, 2e-4, 1)]
    [InlineData("three", LearningTask.Multiclass, 3, 2e-4, 2)]
    public void ElasticNet_GivenStrengths_MatchesScikitLearn(string target, LearningTask task, int classes, double tolerance, int zeros)
    {
        JsonElement linear = Golden.GetProperty("linear"), net = Golden.GetProperty("elasticNet");
        var x = new FeatureTable([.. linear.GetProperty("columns").EnumerateArray().Select((c, i) => new NumericFeature($"x{i}", [.. c.EnumerateArray().Select(v => v.GetSingle())]))]);
        var penalties = new LinearOptions { L1 = net.GetProperty("l1").GetDouble(), L2 = net.GetProperty("l2").GetDouble(), Tolerance = 1e-9, MaxIterations = 2000 };
        var options = new LearnerOptions { Name = LearnerOptions.ElasticNet, LinearOptions = penalties };
        TrainedModel model = Learner.Train(options, x, Floats(linear, target), task, [.. Enumerable.Range(0, classes).Select(k => $"{k}")]);
        ((LinearPredictor)model.Predictor).Coefficients.Sum(c => c.Count(weight => weight == 0)).ShouldBe(net.GetProperty("zeros")[zeros].GetInt32());
        float[] predictions = model.Predict(x), wanted = Floats(net, target);
        for (int i = 0; i < wanted.Length; i++)
        {
            predictions[i].ShouldBe(wanted[i], tolerance);
        }
    }

    [Fact]
    public void Isotonic_AtItsOwnScores_MatchesScikitLearn()
    {
        JsonElement set = Golden.GetProperty("isotonic");
        float[] scores = Floats(set, "score"), expected = Floats(set, "p");
        IsotonicCalibrator calibrator = CalibrationFit.Isotonic(Floats(set, "y"), scores);
        calibrator.Apply(Link.Logistic, scores, scores.Length, scores.Length, 1);
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i].ShouldBe(expected[i], 1e-6);
        }
    }

    private static float[] Floats(JsonElement set, string name) => [.. set.GetProperty(name).EnumerateArray().Select(v => v.GetSingle())];
}
