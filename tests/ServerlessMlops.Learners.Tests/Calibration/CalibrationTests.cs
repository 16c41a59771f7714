using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Tests.Calibration;

public class CalibrationTests
{
    /// <summary>Scores whose true log-odds are half of them, less 1.</summary>
    private static (float[] Labels, float[] Scores) Overconfident(int rows, int seed)
    {
        var random = new Random(seed);
        float[] scores = [.. Enumerable.Range(0, rows).Select(_ => (float)((random.NextDouble() * 12) - 6))];
        return ([.. scores.Select(s => random.NextDouble() < 1 / (1 + Math.Exp(1 - (0.5 * s))) ? 1f : 0f)], scores);
    }

    [Fact]
    public void Platt_OverconfidentScores_FindsSlopeAndIntercept()
    {
        (float[] labels, float[] scores) = Overconfident(20_000, 1);
        PlattCalibrator platt = CalibrationFit.Platt(labels, scores).ShouldNotBeNull();
        platt.Slope.ShouldBe(0.5f, 0.03);
        platt.Intercept.ShouldBe(-1, 0.06);
        CalibrationFit.Platt(labels, Array.ConvertAll(scores, s => -s)).ShouldBeNull();
    }

    [Fact]
    public void EveryCalibration_OnOtherRows_LowersTheCalibrationError()
    {
        (float[] labels, float[] scores) = Overconfident(5000, 1);
        (float[] otherLabels, float[] otherScores) = Overconfident(5000, 2);
        float[] raw = Array.ConvertAll(otherScores, LinkFunction.Logistic);
        foreach (Calibrator calibrator in (Calibrator[])[CalibrationFit.Platt(labels, scores)!, CalibrationFit.Isotonic(labels, scores)])
        {
            float[] calibrated = [.. otherScores];
            calibrator.Apply(Link.Logistic, calibrated, calibrated.Length, calibrated.Length, 1);
            ProbabilityMetrics.CalibrationError(otherLabels, calibrated).ShouldBeLessThan(0.3 * ProbabilityMetrics.CalibrationError(otherLabels, raw));
            ProbabilityMetrics.LogLoss(otherLabels, calibrated).ShouldBeLessThan(ProbabilityMetrics.LogLoss(otherLabels, raw));
        }
    }

    [Fact]
    public void Temperature_ScoresThreeTimesTooLarge_IsAThird()
    {
        var random = new Random(3);
        var (labels, scores) = (new float[6000], new float[18_000]);
        for (int row = 0; row < 6000; row++)
        {
            double[] logits = [.. Enumerable.Range(0, 3).Select(_ => (random.NextDouble() * 4) - 2)];
            double draw = random.NextDouble() * logits.Sum(Math.Exp);
            labels[row] = draw < Math.Exp(logits[0]) ? 0 : draw < Math.Exp(logits[0]) + Math.Exp(logits[1]) ? 1 : 2;
            for (int k = 0; k < 3; k++)
            {
                scores[(row * 3) + k] = (float)(3 * logits[k]);
            }
        }

        CalibrationFit.Temperature(labels, scores, 3).Slope.ShouldBe(1 / 3f, 0.03);
    }

    [Fact]
    public void Calibration_OneClassOnly_SaysSo() =>
        Should.Throw<ArgumentException>(() => CalibrationFit.Isotonic([1, 1], [0.2f, 0.3f])).Message
            .ShouldBe("There are 2 labels, 2 of them positive, and 2 scores; calibration expects as many of each, and rows of both classes.");

    [Fact]
    public void Threshold_CalibratedProbabilities_FoundNearTheFormula()
    {
        var random = new Random(4);
        float[] p = [.. Enumerable.Range(0, 50_000).Select(_ => random.NextSingle())];
        float[] y = [.. p.Select(v => random.NextSingle() < v ? 1f : 0f)];
        var costs = new CostMatrix(TruePositive: -5, FalsePositive: 1, TrueNegative: 0, FalseNegative: 0);
        double formula = DecisionThreshold.Of(costs).Threshold;
        formula.ShouldBe(1.0 / 6, 1e-12);
        DecisionThreshold found = DecisionThreshold.Find(y, p, costs);
        found.Threshold.ShouldBe(formula, 0.04);
        Confusion confusion = Confusion.AtThreshold(y, p, found.Threshold);
        found.CostPerRow.ShouldBe(((-5 * confusion.Counts[1, 1]) + confusion.Counts[0, 1]) / 50_000, 1e-9);
    }

    [Fact]
    public void Conformal_NewRows_AreCoveredAsStated()
    {
        var random = new Random(5);
        (float[] Y, float[] P) Draw(int rows)
        {
            float[] p = [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle() * 10)];
            return ([.. p.Select(v => (float)(v + (random.NextDouble() * random.NextDouble() * 4) - 1))], p);
        }

        (float[] y, float[] p) = Draw(2000);
        ConformalInterval interval = ConformalInterval.Fit(y, p, 0.9);
        (y, p) = Draw(20_000);
        y.Zip(p).Count(r => interval.Around(r.Second).Low <= r.First && r.First <= interval.Around(r.Second).High).ShouldBeInRange(17_600, 18_400);
        ConformalInterval.Fit([1, 2], [1, 2], 0.9).HalfWidth.ShouldBe(double.PositiveInfinity);
    }
}
