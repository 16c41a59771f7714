namespace ServerlessMlops.Learners.Tests;

public sealed class BaselineTests
{
    [Fact]
    public void TrainOverTime_AValueThatWanders_PredictsTheMeanOfTheNewestInstant()
    {
        // Ten days of two rows, out of order: 10, 20 ... 100, a little above and below.
        int[] order = [.. Enumerable.Range(0, 20).Select(i => i * 7 % 20)];
        double[] times = [.. order.Select(i => (double)(i / 2))];
        float[] y = [.. order.Select(i => (10f * ((i / 2) + 1)) + (i % 2 == 0 ? 1 : -3))];

        Predict(y, times).ShouldBe(99f);
    }

    [Fact]
    public void TrainOverTime_NoiseAroundALevel_PredictsTheMean()
    {
        var random = new Random(3);
        float[] y = [.. Enumerable.Range(0, 500).Select(_ => random.NextSingle())];
        double[] times = [.. Enumerable.Range(0, 500).Select(i => (double)i)];

        Predict(y, times).ShouldBe(y.Average(), 1e-4f);
    }

    [Fact]
    public void TrainOverTime_OneInstantOrNone_PredictsTheMean()
    {
        Predict([1, 2, 6], [5, 5, 5]).ShouldBe(3f);
        Predict([1, 2, 6], [double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity]).ShouldBe(3f);
    }

    [Fact]
    public void TrainOverTime_TimesOfOtherRows_SaysHowMany() =>
        Should.Throw<ArgumentException>(() => Predict([1, 2, 6], [5, 5])).Message.ShouldContain("2 times for 3 rows");

    private static float Predict(float[] y, double[] times)
    {
        var x = new FeatureTable([new NumericFeature("a", [.. y.Select(_ => 0f)])]);
        TrainedModel model = Baseline.TrainOverTime(new LearnerOptions { Name = LearnerOptions.Baseline }, x, y, times);
        float[] predicted = model.Predict(x);
        predicted.ShouldAllBe(p => p == predicted[0]);
        return predicted[0];
    }
}
