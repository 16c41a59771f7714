using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Learners.Tests.Boosting;

public class HistogramTests
{
    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 37)]
    public void Add_PartsOfALeaf_SumToTheWholeAndSubtractExactly(int seed, int columns)
    {
        var random = new Random(seed);
        using var crew = new WorkCrew(2);
        const int Rows = 5000;
        float[][] data = [.. Enumerable.Range(0, columns).Select(_ => Enumerable.Range(0, Rows).Select(_ => random.NextSingle() < 0.1f ? float.NaN : (float)Math.Round(random.NextSingle(), 2)).ToArray())];
        BinnedMatrix matrix = BinnedMatrix.Create(new TrainingData(data, new float[Rows]), 255, crew);
        var words = new long[Rows];
        PackedGradients packed = PackedGradients.Create(Rows, words, (_, pairs) =>
        {
            for (int i = 0; i < pairs.Length; i++)
            {
                pairs[i] = new GradientPair { Gradient = ((i * 31) % 17) - 8, Hessian = (i % 3) + 0.5f };
            }
        }, crew);
        int[] left = [.. Enumerable.Range(0, Rows).Where(r => data[0][r] <= 0.4f)], right = [.. Enumerable.Range(0, Rows).Except(left)];

        long[] parent = Build(matrix, words, [.. Enumerable.Range(0, Rows)]), a = Build(matrix, words, left), b = Build(matrix, words, right);

        parent.Zip(a, (p, l) => p - l).ShouldBe(b);
        long total = 0;
        for (int bin = 0; bin < 256; bin++)
        {
            total += parent[bin];
        }

        total.ShouldBe(words.Sum());
        packed.Gradient(total).ShouldBe(Enumerable.Range(0, Rows).Sum(i => (double)(((i * 31) % 17) - 8)), 0.01);
    }

    [Fact]
    public void Binner_EveryEdge_AgreesWithTheFloatTest()
    {
        var random = new Random(3);
        float[] column = [.. Enumerable.Range(0, 20_000).Select(i => i % 11 == 0 ? float.NaN : i % 13 == 0 ? 5f : (float)Math.Exp((random.NextDouble() * 20) - 10)), float.PositiveInfinity, float.NegativeInfinity];
        Binner binner = Binner.Fit(column, 255);
        var bins = new byte[column.Length];
        binner.Transform(column, bins).ShouldBeTrue();
        binner.ValueBins.ShouldBeInRange(200, 255);
        for (int row = 0; row < column.Length; row++)
        {
            int expected = float.IsNaN(column[row]) ? binner.ValueBins : binner.Edges.Count(e => column[row] > e);
            ((int)bins[row]).ShouldBe(expected);
        }
    }

    [Fact]
    public void Binner_FewDistinctValues_CutsHalfway()
    {
        Binner.Fit([1f, 2f, 2f, 4f, float.NaN], 255).Edges.ShouldBe([1.5f, 3f]);
        Binner.Fit([7f, 7f], 255).Edges.ShouldBeEmpty();
    }

    private static long[] Build(BinnedMatrix matrix, long[] words, int[] rows)
    {
        var histogram = new long[matrix.HistogramSize];
        HistogramBuilder.Add(matrix, rows, [.. rows.Select(r => words[r])], histogram);
        return histogram;
    }
}
