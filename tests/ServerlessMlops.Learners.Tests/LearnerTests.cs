using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Learners.Tests;

public class LearnerTests
{
    public static TheoryData<string, LearningTask> All()
    {
        var data = new TheoryData<string, LearningTask>();
        foreach (string learner in LearnerOptions.Names)
        {
            foreach (LearningTask task in Enum.GetValues<LearningTask>())
            {
                data.Add(learner, task);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Train_WrittenAndRead_PredictsTheSame(string learner, LearningTask task)
    {
        TestData.Set set = TestData.Make(task, 1500);
        TrainedModel model = Learner.Train(new LearnerOptions { Name = learner, Threads = 2 }, set.X, set.Y, task, set.Classes);
        float[] expected = model.Predict(set.X);

        ScoringModel scoring = OnnxModel.Load(OnnxWriter.Write(model));
        scoring.Task.ShouldBe(task);
        scoring.Classes.ShouldBe(set.Classes);
        scoring.Inputs.Select(i => (i.Name, i.Kind)).ShouldBe(set.X.Inputs.Select(i => (i.Name, i.Kind)));
        float[] vectors = TestData.Vectors(scoring, set.X);
        var batch = new float[expected.Length];
        scoring.PredictBatch(vectors, set.X.Rows, batch);
        var single = new float[expected.Length];
        for (int row = 0; row < set.X.Rows; row++)
        {
            scoring.Predict(vectors.AsSpan(row * 4, 4), single.AsSpan(row * scoring.OutputCount, scoring.OutputCount));
        }

        batch.ShouldBe(expected);
        single.ShouldBe(expected);
    }

    [Theory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Multiclass)]
    [InlineData(LearningTask.Regression)]
    public void Train_EachLearner_BeatsTheOneBelow(LearningTask task)
    {
        TestData.Set train = TestData.Make(task, 4000, 1), test = TestData.Make(task, 2000, 2);
        string metric = task == LearningTask.Regression ? "rmse" : "log_loss";
        double[] losses = [.. LearnerOptions.Names.Select(name =>
        {
            TrainedModel model = Learner.Train(new LearnerOptions { Name = name, Threads = 1 }, train.X, train.Y, task, train.Classes);
            return Metric.Evaluate(task, train.Classes.Length, test.Y, model.Predict(test.X))[metric];
        })];
        losses[1].ShouldBeLessThan(losses[0]);
        losses[2].ShouldBeLessThan(losses[1] * 0.9);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Train_OneOrThreeThreads_GivesTheSameBytes(string learner, LearningTask task)
    {
        TestData.Set set = TestData.Make(task, 30_000);
        var options = new LearnerOptions { Name = learner, BoostingOptions = new BoostingOptions { Iterations = 8, RowSample = 0.8, ColumnSample = 0.8 } };
        byte[] one = OnnxWriter.Write(Learner.Train(options with { Threads = 1 }, set.X, set.Y, task, set.Classes));
        byte[] three = OnnxWriter.Write(Learner.Train(options with { Threads = 3 }, set.X, set.Y, task, set.Classes));
        three.ShouldBe(one);
    }

    [Theory]
    [InlineData(LearnerOptions.Linear)]
    [InlineData(LearnerOptions.Boosting)]
    public void Train_InfiniteAndConstantColumns_StillLearns(string learner)
    {
        float[] x = [.. Enumerable.Range(0, 400).Select(i => i % 40 == 0 ? float.PositiveInfinity : i % 41 == 0 ? float.NegativeInfinity : (float)i)];
        float[] y = [.. Enumerable.Range(0, 400).Select(i => i >= 200 ? 1f : 0f)];
        var table = new FeatureTable([new NumericFeature("x", x), new NumericFeature("same", new float[400]), new NumericFeature("none", [.. Enumerable.Repeat(float.NaN, 400)])]);
        float[] p = Learner.Train(new LearnerOptions { Name = learner }, table, y, LearningTask.Binary, ["no", "yes"]).Predict(table);
        p.ShouldAllBe(v => v >= 0 && v <= 1);
        RankingMetrics.Auc(y, p).ShouldBeGreaterThan(0.9);
    }

    [Fact]
    public void Train_UnknownLearner_ListsThoseThatExist()
    {
        TestData.Set set = TestData.Make(LearningTask.Binary, 10);
        Should.Throw<ArgumentException>(() => Learner.Train(new LearnerOptions { Name = "forest" }, set.X, set.Y, set.Task, set.Classes))
            .Message.ShouldStartWith("There is no learner 'forest'; expected one of baseline, linear, boosting, elasticNet.");
    }
}
