using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Tests.Training;

public sealed class SandboxTests
{
    [Theory]
    [InlineData("boosting", LearningTask.Binary)]
    [InlineData("linear", LearningTask.Multiclass)]
    [InlineData("boosting", LearningTask.Regression)]
    public void Check_StoredBytes_AnswerAsTheEvaluationDid(string learner, LearningTask task)
    {
        Candidate candidate = Train(learner, task);

        SandboxResult result = Check(candidate);

        result.Verdict.ShouldBe(Verdict.Passed, result.Reason);
        result.Rows.ShouldBe(300);
        result.LoadBytes.ShouldBeGreaterThan(1000);
        result.LatencyP99Ms.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Check_BytesThatAreNoModel_AreRefused()
    {
        Candidate candidate = Train("linear", LearningTask.Binary);

        Check(candidate with { Onnx = candidate.Onnx.AsSpan(0, candidate.Onnx.Length / 2).ToArray() }).Reason.ShouldStartWith("the stored bytes do not serve: ");
    }

    [Fact]
    public void Check_OtherAnswersThanTheEvaluation_AreRefused()
    {
        Candidate candidate = Train("linear", LearningTask.Binary);
        float[] outputs = [.. candidate.Outputs];
        outputs[17] = MathF.BitIncrement(outputs[17]);

        SandboxResult result = Check(candidate with { Outputs = outputs });

        result.Verdict.ShouldBe(Verdict.Failed);
        result.Reason.ShouldContain("to hold-out row 17");
        result.Reason.ShouldEndWith("what was judged is not what would serve");
    }

    [Fact]
    public void Check_CardOfAnotherModel_IsRefused()
    {
        Candidate candidate = Train("linear", LearningTask.Binary);

        Check(candidate with { Card = candidate.Card with { Inputs = [.. candidate.Card.Inputs.Reverse()] } }).Verdict.ShouldBe(Verdict.Failed);
    }

    [Fact]
    public void Check_ExampleThatIsNotAnswered_IsRefused()
    {
        Candidate candidate = Train("linear", LearningTask.Binary);

        Check(candidate with { Card = candidate.Card with { Example = new Dictionary<string, object?> { ["speed"] = "fast" } } }).Reason.ShouldStartWith("it does not answer its own example: ");
    }

    [Fact]
    public void Check_OverALimit_IsRefused()
    {
        Candidate candidate = Train("boosting", LearningTask.Binary);

        Check(candidate, new SandboxLimits { LoadBytes = 10 }).Reason.ShouldContain("to be made ready; at most 0 MB are allowed");
        Check(candidate, new SandboxLimits { LatencyP99Ms = 0 }).Reason.ShouldContain("ms (99th percentile) to answer a row; at most 0 ms are allowed");
    }

    [Fact]
    public void Of_Card_HasATypicalRowWithoutSensitiveValues()
    {
        ModelCard card = Train("linear", LearningTask.Binary, "columns: {carrier: {sensitive: true}}").Card;

        card.Example!.Keys.ShouldBe(["speed", "carrier"]);
        card.Example["carrier"].ShouldBeNull();
        ((float)card.Example["speed"]!).ShouldBeInRange(4, 6);
    }

    private static SandboxResult Check(Candidate candidate, SandboxLimits? limits = null) =>
        Sandbox.Check(candidate.Onnx, candidate.Card, candidate.Data.Holdout.Features, candidate.Outputs, limits ?? new SandboxLimits { LatencyP99Ms = 10_000 }, TimeProvider.System);

    private static Candidate Train(string learner, LearningTask task, string spec = "")
    {
        string[] classes = task switch { LearningTask.Binary => ["no", "yes"], LearningTask.Multiclass => ["a", "b", "c"], _ => [] };
        var data = new TrainingData(task, classes, Rows(600, 1, task), Rows(300, 2, task));
        TrainedModel trained = Learner.Train(new LearnerOptions { Name = learner, Threads = 1 }, data.Train.Features, data.Train.Labels, task, classes);
        byte[] onnx = OnnxWriter.Write(trained);
        ScoringModel model = OnnxModel.Load(onnx);
        var input = new JudgementInput("flights", "train-1", "d", "s", []);
        ModelCard card = ModelCards.Of(
            input, PipelineSpecParser.Parse("target: y\n" + spec).Spec!, data, new TrainedCandidate(learner, ServerlessMlops.Core.ContentAddress.Of(onnx), new Dictionary<string, double>(), 1, null), model);
        return new Candidate(onnx, card, data, ModelScorer.Score(model, data.Holdout.Features));
    }

    private static LabelledRows Rows(int rows, int seed, LearningTask task)
    {
        var random = new Random(seed);
        float[] speed = [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble() < 0.05 ? float.NaN : (float)(random.NextDouble() * 10))];
        int[] carrier = [.. Enumerable.Range(0, rows).Select(_ => random.Next(-1, 3))];

        // The hold-out has a category that training has not.
        var features = new FeatureTable([new NumericFeature("speed", speed), new CategoricalFeature("carrier", carrier, seed == 1 ? ["AA", "DL", "UA"] : ["AA", "Æ \"x\"", "UA"])]);
        return new LabelledRows(features, [.. speed.Select(s => task switch
        {
            LearningTask.Binary => s > 5 ? 1f : 0f,
            LearningTask.Multiclass => float.IsNaN(s) ? 0 : Math.Min(2, (int)(s / 3.4f)),
            _ => float.IsNaN(s) ? 3 : s * 2,
        })]);
    }

    private sealed record Candidate(byte[] Onnx, ModelCard Card, TrainingData Data, float[] Outputs);
}
