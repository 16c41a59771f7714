using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Linear;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;
using ServerlessMlops.Learners.Tests.Onnx;

namespace ServerlessMlops.Learners.Tests.Calibration;

public class RefinementTests
{
    /// <summary>Boosting for far too long: its probabilities are near 0 and 1, where the truth is in between.</summary>
    private static readonly LearnerOptions Overconfident = new()
    {
        BoostingOptions = new BoostingOptions { Iterations = 200, LearningRate = 0.3, MinSamplesLeaf = 5, EarlyStoppingRounds = 0 },
    };

    [Theory]
    [InlineData(CalibrationMethod.Platt)]
    [InlineData(CalibrationMethod.Isotonic)]
    public void Apply_OverconfidentModel_IsCalibratedForNewRows(CalibrationMethod method)
    {
        (FeatureTable x, float[] y) = Coins(1500, 1);
        (FeatureTable newX, float[] newY) = Coins(4000, 2);
        TrainedModel model = Learner.Train(Overconfident, x, y, LearningTask.Binary, ["no", "yes"]);
        TrainedModel refined = Refinement.Apply(model, new RefinementOptions { Calibration = method }, x, y);

        double before = ProbabilityMetrics.CalibrationError(newY, model.Predict(newX)), after = ProbabilityMetrics.CalibrationError(newY, refined.Predict(newX));
        after.ShouldBeLessThan(before / 3);
        ProbabilityMetrics.LogLoss(newY, refined.Predict(newX)).ShouldBeLessThan(ProbabilityMetrics.LogLoss(newY, model.Predict(newX)));
        refined.Score(newX).ShouldBe(model.Score(newX));
    }

    [Fact]
    public void Apply_Costs_FindsACheaperThresholdForNewRows()
    {
        (FeatureTable x, float[] y) = Coins(1500, 3);
        (FeatureTable newX, float[] newY) = Coins(4000, 4);
        var costs = new CostMatrix(TruePositive: 0, FalsePositive: 1, TrueNegative: 0, FalseNegative: 8);
        TrainedModel model = Learner.Train(new LearnerOptions { Name = LearnerOptions.Linear }, x, y, LearningTask.Binary, ["no", "yes"]);
        TrainedModel refined = Refinement.Apply(model, new RefinementOptions { Costs = costs }, x, y);

        double Cost(double threshold) => Confusion.AtThreshold(newY, refined.Predict(newX), threshold) is var c ? (c.Counts[0, 1] + (8 * c.Counts[1, 0])) / newY.Length : 0;
        refined.Threshold.ShouldBe(1.0 / 9, 0.06);
        Cost(refined.Threshold).ShouldBeLessThan(0.8 * Cost(0.5));
        OnnxModel.Load(OnnxWriter.Write(refined)).Threshold.ShouldBe(refined.Threshold);
    }

    [Theory]
    [InlineData(600, LearnerOptions.Boosting)]
    [InlineData(600, LearnerOptions.Baseline)]
    [InlineData(24_000, LearnerOptions.Linear)]
    public void Apply_Coverage_HoldsForNewRows(int rows, string learner)
    {
        TestData.Set train = TestData.Make(LearningTask.Regression, rows, seed: 5), test = TestData.Make(LearningTask.Regression, 4000, seed: 6);
        TrainedModel model = Learner.Train(new LearnerOptions { Name = learner }, train.X, train.Y, train.Task, []);
        TrainedModel refined = Refinement.Apply(model, new RefinementOptions { Coverage = 0.9 }, train.X, train.Y);

        ConformalInterval interval = refined.Interval.ShouldNotBeNull();
        interval.Rows.ShouldBe(rows < 20_000 ? rows : rows / 5);
        float[] p = refined.Predict(test.X);
        test.Y.Zip(p).Count(r => interval.Around(r.Second).Low <= r.First && r.First <= interval.Around(r.Second).High).ShouldBeInRange(3480, 3780);
        OnnxModel.Load(OnnxWriter.Write(refined)).Interval.ShouldBe(interval);
    }

    [Fact]
    public void Apply_SeveralClasses_ScalesByATemperature()
    {
        TestData.Set train = TestData.Make(LearningTask.Multiclass, 500, seed: 7), test = TestData.Make(LearningTask.Multiclass, 2000, seed: 8);
        TrainedModel model = Learner.Train(Overconfident, train.X, train.Y, train.Task, train.Classes);
        TrainedModel refined = Refinement.Apply(model, new RefinementOptions { Calibration = CalibrationMethod.Isotonic }, train.X, train.Y, threads: 2);

        refined.Calibrator.ShouldBeOfType<PlattCalibrator>().Slope.ShouldBeLessThan(1);
        ProbabilityMetrics.LogLoss(test.Y, refined.Predict(test.X), 3).ShouldBeLessThan(ProbabilityMetrics.LogLoss(test.Y, model.Predict(test.X), 3));
        OnnxWriter.Write(Refinement.Apply(model, new RefinementOptions { Calibration = CalibrationMethod.Isotonic }, train.X, train.Y, threads: 1)).ShouldBe(OnnxWriter.Write(refined));
    }

    [Fact]
    public void Apply_WhatTheTaskHasNoUseFor_ChangesNothing()
    {
        TestData.Set set = TestData.Make(LearningTask.Regression, 100);
        TrainedModel model = Learner.Train(new LearnerOptions { Name = LearnerOptions.Linear }, set.X, set.Y, set.Task, []);
        Refinement.Apply(model, new RefinementOptions { Calibration = CalibrationMethod.Platt, Costs = new CostMatrix(0, 1, 0, 1) }, set.X, set.Y).ShouldBeSameAs(model);
    }

    [OnnxRuntimeTheory]
    [InlineData(LearningTask.Binary)]
    [InlineData(LearningTask.Regression)]
    public void Write_Refined_OnnxRuntimeDecidesAndBoundsAsWeDo(LearningTask task)
    {
        TestData.Set set = TestData.Make(task, 400);
        var numbers = new FeatureTable([.. set.X.Features.OfType<NumericFeature>()]);
        TrainedModel model = Refinement.Apply(
            Learner.Train(new LearnerOptions { Name = LearnerOptions.Linear, LinearOptions = new LinearOptions() }, numbers, set.Y, task, task == LearningTask.Binary ? ["0", "1"] : []),
            new RefinementOptions { Calibration = CalibrationMethod.Platt, Costs = new CostMatrix(0, 1, 0, 4), Coverage = 0.8 }, numbers, set.Y);
        byte[] file = OnnxWriter.Write(model);
        OnnxRuntime.Input[] inputs = [.. numbers.Features.Cast<NumericFeature>().Select(f => OnnxRuntime.Matrix(f.Name, f.Values, 1))];
        float[] ours = model.Predict(numbers);
        if (task == LearningTask.Binary)
        {
            model.Threshold.ShouldBeLessThan(0.4);
            double[] labels = OnnxRuntime.Score(file, 400, "label", inputs);
            labels.Select(l => (int)l).ShouldBe(ours.Select(p => p >= (float)model.Threshold ? 1 : 0));
        }
        else
        {
            double[] low = OnnxRuntime.Score(file, 400, "low", inputs), high = OnnxRuntime.Score(file, 400, "high", inputs);
            for (int row = 0; row < 400; row++)
            {
                low[row].ShouldBe(model.Interval!.Value.Around(ours[row]).Low, 1e-4);
                high[row].ShouldBe(model.Interval!.Value.Around(ours[row]).High, 1e-4);
            }
        }
    }

    /// <summary>Two numbers, of which one sways a coin.</summary>
    private static (FeatureTable X, float[] Y) Coins(int rows, int seed)
    {
        var random = new Random(seed);
        float[] a = [.. Enumerable.Range(0, rows).Select(_ => (random.NextSingle() * 4) - 2)], b = [.. a.Select(_ => random.NextSingle())];
        return (new FeatureTable([new NumericFeature("a", a), new NumericFeature("b", b)]), [.. a.Select(v => random.NextDouble() < 1 / (1 + Math.Exp(-v)) ? 1f : 0f)]);
    }
}
