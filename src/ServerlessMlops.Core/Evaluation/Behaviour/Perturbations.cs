using System.Globalization;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Evaluation.Behaviour;

/// <summary>Tests that change one column of hold-out rows, score again, and look at how predictions moved.</summary>
internal static class Perturbations
{
    private const int MostValues = 20;
    private const int Examples = 5;

    public static TestVerdict RunInvariant(BehaviouralTest test, InvariantTest invariant, TestSubject subject)
    {
        if (subject.Find(invariant.Column) is not { } feature)
        {
            return BehaviourTests.NoColumn(test, invariant.Column, subject);
        }

        (FeatureTable rows, int[] sample, Variant[] variants) = Prepare(feature, subject);
        if (variants.Length < 2)
        {
            return BehaviourTests.Undecided(test, $"'{feature.Name}' has fewer than two values on the hold-out");
        }

        int width = subject.Width;
        float[] before = subject.Score(rows);
        var moved = new (double By, Variant? To)[sample.Length];
        foreach (Variant variant in variants)
        {
            float[] after = subject.Score(TestSubject.With(rows, variant.Feature));
            for (int row = 0; row < sample.Length; row++)
            {
                for (int k = 0; k < width; k++)
                {
                    double by = Math.Abs((double)after[(row * width) + k] - before[(row * width) + k]) / subject.Unit;
                    moved[row] = by > moved[row].By || double.IsNaN(by) ? (by, variant) : moved[row];
                }
            }
        }

        int[] failed = [.. Enumerable.Range(0, sample.Length).Where(row => !(moved[row].By <= test.Tolerance)).OrderByDescending(row => moved[row].By)];
        string To(Variant? variant) => subject.IsSensitive(feature.Name) ? "another value" : variant!.Text;
        string[] examples = [.. failed.Take(Examples).Select(row => $"{subject.NameOf(sample[row])}: {feature.Name} to {To(moved[row].To)} moves the prediction by {Words.Number(moved[row].By)}")];
        return BehaviourTests.OfRows(test, $"exchanging {feature.Name} moves predictions by at most {Words.Number(test.Tolerance)}", sample.Length, failed.Length, examples);
    }

    public static TestVerdict RunMonotonic(BehaviouralTest test, MonotonicTest monotonic, TestSubject subject)
    {
        if (subject.Find(monotonic.Column) is not { } feature)
        {
            return BehaviourTests.NoColumn(test, monotonic.Column, subject);
        }

        if (feature is not NumericFeature)
        {
            return BehaviourTests.Undecided(test, $"'{feature.Name}' is a category, which does not rise");
        }

        int output = 0;
        if (subject.Data.Task == LearningTask.Multiclass)
        {
            output = monotonic.Class is { } wanted ? subject.Data.Classes.ToList().IndexOf(wanted) : -1;
            if (output < 0)
            {
                return BehaviourTests.Undecided(test, $"'class' must name one of the classes {string.Join(", ", subject.Data.Classes)}; found '{monotonic.Class}'");
            }
        }

        (FeatureTable rows, int[] sample, Variant[] variants) = Prepare(feature, subject);
        if (variants.Length < 2)
        {
            return BehaviourTests.Undecided(test, $"'{feature.Name}' has fewer than two values on the hold-out");
        }

        // The furthest that a prediction ever gets, going up the values, and the furthest that it falls back from there.
        double sign = monotonic.Direction == MonotonicDirection.Up ? 1 : -1;
        var furthest = Enumerable.Repeat(double.NegativeInfinity, sample.Length).ToArray();
        var back = new (double By, Variant? At)[sample.Length];
        foreach (Variant variant in variants)
        {
            float[] outputs = subject.Score(TestSubject.With(rows, variant.Feature));
            for (int row = 0; row < sample.Length; row++)
            {
                double value = sign * outputs[(row * subject.Width) + output] / subject.Unit;
                back[row] = furthest[row] - value > back[row].By || double.IsNaN(value) ? (furthest[row] - value, variant) : back[row];
                furthest[row] = Math.Max(furthest[row], value);
            }
        }

        // Single-precision outputs of the same value may differ in the last bits.
        double tolerance = Math.Max(test.Tolerance, 1e-6);
        int[] failed = [.. Enumerable.Range(0, sample.Length).Where(row => !(back[row].By <= tolerance)).OrderByDescending(row => back[row].By)];
        (string goes, string wrong) = sign > 0 ? ("falls", "falls back") : ("rises", "rises again");
        string At(Variant? variant) => subject.IsSensitive(feature.Name) ? "some value" : variant!.Text;
        string[] examples = [.. failed.Take(Examples).Select(row => $"{subject.NameOf(sample[row])}: at {feature.Name} {At(back[row].At)} the prediction {wrong} by {Words.Number(back[row].By)}")];
        return BehaviourTests.OfRows(test, $"the prediction never {goes} by more than {Words.Number(test.Tolerance)} as {feature.Name} rises", sample.Length, failed.Length, examples);
    }

    /// <summary>The rows to try, and the column set throughout to each of its usual values: the most frequent categories, or the deciles ascending.</summary>
    private static (FeatureTable Rows, int[] Sample, Variant[] Variants) Prepare(Feature feature, TestSubject subject)
    {
        int[] sample = subject.Sample();
        FeatureTable rows = subject.Data.Holdout.Features.Select(sample);
        Variant[] variants = feature switch
        {
            NumericFeature number =>
            [
                .. Deciles(number.Values).Select(value => new Variant(
                    value.ToString(CultureInfo.InvariantCulture), new NumericFeature(feature.Name, Constant(value, sample.Length)))),
            ],
            CategoricalFeature category =>
            [
                .. category.Codes.Where(c => c >= 0).CountBy(c => c).OrderByDescending(c => c.Value).ThenBy(c => c.Key).Take(MostValues).Select(c => new Variant(
                    $"'{category.Categories[c.Key]}'", new CategoricalFeature(feature.Name, Constant(c.Key, sample.Length), category.Categories))),
            ],
            _ => [],
        };
        return (rows, sample, variants);
    }

    private static float[] Deciles(float[] values)
    {
        float[] sorted = [.. values.Where(v => !float.IsNaN(v)).Order()];
        return sorted.Length == 0 ? [] : [.. Enumerable.Range(1, 9).Select(tenth => sorted[(int)((sorted.Length - 1) * tenth / 10.0)]).Append(sorted[^1]).Prepend(sorted[0]).Distinct()];
    }

    private static T[] Constant<T>(T value, int rows)
    {
        var all = new T[rows];
        Array.Fill(all, value);
        return all;
    }

    private sealed record Variant(string Text, Feature Feature);
}
