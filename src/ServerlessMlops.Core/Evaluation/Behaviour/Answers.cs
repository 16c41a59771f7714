using System.Globalization;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Evaluation.Behaviour;

/// <summary>Tests that look at answers: of the hold-out within bounds, of named rows as expected.</summary>
internal static class Answers
{
    private const int Examples = 5;

    public static TestVerdict RunRange(BehaviouralTest test, RangeTest range, TestSubject subject)
    {
        int rows = subject.Data.Holdout.Labels.Length, width = subject.Width;
        float[] outputs = ModelScorer.Summary(subject.Predictions, width, subject.Data.Task);
        int[] failed = [.. Enumerable.Range(0, rows).Where(row => !(outputs[row] >= (range.AtLeast ?? double.NegativeInfinity) && outputs[row] <= (range.AtMost ?? double.PositiveInfinity)))];
        string bounds = (range.AtLeast, range.AtMost) switch
        {
            ({ } low, { } high) => $"between {Words.Number(low)} and {Words.Number(high)}",
            ({ } low, null) => $"at least {Words.Number(low)}",
            (_, var high) => $"at most {Words.Number(high!.Value)}",
        };
        double Beyond(int row) => Math.Max((range.AtLeast ?? double.NegativeInfinity) - outputs[row], outputs[row] - (range.AtMost ?? double.PositiveInfinity));
        string[] examples = [.. failed.OrderByDescending(Beyond).Take(Examples).Select(row => $"{subject.NameOf(row)}: {Words.Number(outputs[row])}")];
        return BehaviourTests.OfRows(test, $"predictions are {bounds}", rows, failed.Length, examples);
    }

    public static TestVerdict RunCases(BehaviouralTest test, IReadOnlyList<TestCase> cases, TestSubject subject)
    {
        IReadOnlyList<Feature> features = subject.Data.Holdout.Features.Features;
        var known = features.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        for (int i = 0; i < cases.Count; i++)
        {
            if (cases[i].Row.Keys.FirstOrDefault(column => !known.Contains(column)) is { } unknown)
            {
                return BehaviourTests.NoColumn(test, unknown, subject);
            }

            if (cases[i].Class is { } name && !subject.Data.Classes.Contains(name))
            {
                return BehaviourTests.Undecided(test, $"{Title(cases[i], i)} expects class '{name}'; the classes are {string.Join(", ", subject.Data.Classes)}");
            }
        }

        var table = new List<Feature>();
        foreach (Feature feature in features)
        {
            if (feature is CategoricalFeature)
            {
                string[] names = [.. cases.Select(c => c.Row.GetValueOrDefault(feature.Name)).OfType<string>().Distinct(StringComparer.Ordinal)];
                table.Add(new CategoricalFeature(feature.Name, [.. cases.Select(c => Array.IndexOf(names, c.Row.GetValueOrDefault(feature.Name)))], names));
                continue;
            }

            var values = new float[cases.Count];
            for (int i = 0; i < values.Length; i++)
            {
                if (!TryNumber(cases[i].Row.GetValueOrDefault(feature.Name), out values[i]))
                {
                    return BehaviourTests.Undecided(test, $"{Title(cases[i], i)} has '{cases[i].Row[feature.Name]}' for {feature.Name}, which is a number");
                }
            }

            table.Add(new NumericFeature(feature.Name, values));
        }

        float[] outputs = subject.Score(new FeatureTable(table));
        string[] wrong = [.. cases.Select((one, i) => Wrong(one, i, outputs.AsSpan(i * subject.Width, subject.Width), subject)).OfType<string>()];
        return BehaviourTests.OfRows(test, "answers are as expected", cases.Count, wrong.Length, [.. wrong.Take(Examples)]);
    }

    /// <summary>What is wrong about the answer to a case; null where it is as expected.</summary>
    private static string? Wrong(TestCase one, int number, ReadOnlySpan<float> outputs, TestSubject subject)
    {
        IReadOnlyList<string> classes = subject.Data.Classes;
        int decided = 0, of = -1;
        double value = outputs[0];
        if (subject.Data.Task == LearningTask.Binary)
        {
            decided = outputs[^1] >= 0.5f ? 1 : 0;
            of = one.Class is { } asked ? classes.ToList().IndexOf(asked) : 1;
            value = of == 1 ? outputs[^1] : 1 - outputs[^1];
        }
        else if (subject.Data.Task == LearningTask.Multiclass)
        {
            for (int k = 1; k < outputs.Length; k++)
            {
                decided = outputs[k] > outputs[decided] ? k : decided;
            }

            of = one.Class is { } asked ? classes.ToList().IndexOf(asked) : decided;
            value = outputs[of];
        }

        bool inside = value >= (one.AtLeast ?? double.NegativeInfinity) && value <= (one.AtMost ?? double.PositiveInfinity);
        bool classIsRight = one.Class is null || classes.Count == 0 || one.AtLeast is not null || one.AtMost is not null || decided == of;
        if (inside && classIsRight)
        {
            return null;
        }

        string found = of < 0 ? Words.Number(value) : inside ? $"'{classes[decided]}'" : $"probability {Words.Number(value)} of '{classes[of]}'";
        string[] expected =
        [
            .. one.Class is { } name && one.AtLeast is null && one.AtMost is null ? [$"'{name}'"] : Array.Empty<string>(),
            .. one.AtLeast is { } low ? [$"at least {Words.Number(low)}"] : Array.Empty<string>(),
            .. one.AtMost is { } high ? [$"at most {Words.Number(high)}"] : Array.Empty<string>(),
        ];
        return $"{Title(one, number)}: {found}, expected {string.Join(" and ", expected)}";
    }

    private static string Title(TestCase one, int number) => one.Name ?? $"case {number + 1}";

    /// <summary>A number as files have it; truth values count as 1 and 0, none as missing.</summary>
    private static bool TryNumber(string? text, out float value)
    {
        value = text switch { null or "" => float.NaN, "true" => 1, "false" => 0, _ => 0 };
        return text is null or "" or "true" or "false" || float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }
}
