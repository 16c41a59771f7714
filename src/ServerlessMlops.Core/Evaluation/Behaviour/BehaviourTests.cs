using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation.Behaviour;

/// <summary>What behavioural tests run on: the winner, as serving would score it, and the data it is judged on.</summary>
/// <param name="Data">Training rows and hold-out.</param>
/// <param name="Spec">Names sensitive columns and the metric.</param>
/// <param name="Score">Scores rows: outputs row-major.</param>
/// <param name="Predictions">Of the hold-out rows as they are.</param>
public sealed record TestSubject(TrainingData Data, PipelineSpec Spec, Func<FeatureTable, float[]> Score, float[] Predictions)
{
    /// <summary>Rows that a test changes and scores again, at most; taken evenly from the hold-out.</summary>
    internal const int MostRows = 2000;

    /// <summary>Outputs a row.</summary>
    internal int Width => Predictions.Length / Math.Max(1, Data.Holdout.Labels.Length);

    /// <summary>The metric that picks winners.</summary>
    internal Metric Metric => Candidates.MetricOf(Spec, Data.Task);

    /// <summary>Rows spread evenly over the hold-out.</summary>
    internal int[] Sample()
    {
        int rows = Data.Holdout.Labels.Length, take = Math.Min(rows, MostRows);
        return [.. Enumerable.Range(0, take).Select(i => (int)((long)i * rows / take))];
    }

    /// <summary>The unit of tolerances: 1 for probabilities, the target's standard deviation for values.</summary>
    internal double Unit
    {
        get
        {
            if (Data.Task != LearningTask.Regression)
            {
                return 1;
            }

            double mean = Data.Holdout.Labels.Average(y => (double)y), variance = Data.Holdout.Labels.Average(y => (y - mean) * (y - mean));
            return variance > 0 ? Math.Sqrt(variance) : 1;
        }
    }

    /// <summary>Whether a column's values stay out of examples.</summary>
    internal bool IsSensitive(string column) => Spec.Columns.TryGetValue(column, out ColumnSpec? known) && known.Sensitive;

    /// <summary>A hold-out row by its number in the data set, and by its key where there is one that may be shown.</summary>
    internal string NameOf(int row)
    {
        LabelledRows rows = Data.Holdout;
        string number = $"row {(rows.Numbers.Count > 0 ? rows.Numbers[row] : row)}";
        return rows.Keys is { } keys && !keys.IsMissing(row) && !IsSensitive(Spec.Key!) ? $"{number} ({Spec.Key} {keys.TextAt(row)})" : number;
    }

    /// <summary>The hold-out's feature of a name, or null.</summary>
    internal Feature? Find(string column) => Data.Holdout.Features.Features.FirstOrDefault(f => f.Name == column);

    /// <summary>A table with one feature exchanged.</summary>
    internal static FeatureTable With(FeatureTable table, Feature changed) => new([.. table.Features.Select(f => f.Name == changed.Name ? changed : f)]);
}

/// <summary>Runs the behavioural tests of a spec (after CheckList: Ribeiro et al., ACL 2020, carried over to tables).</summary>
public static class BehaviourTests
{
    /// <summary>Verdicts in the order of the spec.</summary>
    public static IReadOnlyList<TestVerdict> Run(IReadOnlyList<BehaviouralTest> tests, TestSubject subject)
    {
        ArgumentNullException.ThrowIfNull(tests);
        ArgumentNullException.ThrowIfNull(subject);
        return [.. tests.Select(test => Run(test, subject) with { Severity = test.Severity })];
    }

    private static TestVerdict Run(BehaviouralTest test, TestSubject subject)
    {
        int rows = subject.Data.Holdout.Labels.Length;
        if (test.Cases is null && rows < Bootstrap.LeastRows)
        {
            return Undecided(test, $"the hold-out has {Words.Count(rows, "row")}; at least {Bootstrap.LeastRows} are needed");
        }

        return test switch
        {
            { Invariant: { } invariant } => Perturbations.RunInvariant(test, invariant, subject),
            { Monotonic: { } monotonic } => Perturbations.RunMonotonic(test, monotonic, subject),
            { Range: { } range } => Answers.RunRange(test, range, subject),
            { Cases: { } cases } => Answers.RunCases(test, cases, subject),
            { Overlap: { } overlap } => DataTests.RunOverlap(test, overlap, subject),
            { Leakage: { } leakage } => DataTests.RunLeakage(test, leakage, subject),
            { Missing: { } missing } => MissingValues.Run(test, missing, subject),
            _ => throw new ArgumentException("A behavioural test has no kind; specs are checked for that when they come in.", nameof(test)),
        };
    }

    /// <summary>A verdict on rows of which a share must pass: failed only if the share's whole interval (Wilson) falls short, or none may fail.</summary>
    internal static TestVerdict OfRows(BehaviouralTest test, string what, int tried, int failed, IReadOnlyList<string> examples)
    {
        (_, double high) = Resampling.Wilson(tried - failed, tried);
        double share = (tried - failed) / (double)tried;
        Verdict verdict = share >= test.Mostly ? Verdict.Passed : test.Mostly >= 1 || high < test.Mostly ? Verdict.Failed : Verdict.InsufficientEvidence;
        string asked = test.Mostly < 1 ? $"; {Words.Percent(test.Mostly)} must pass" : "";
        string chance = verdict == Verdict.InsufficientEvidence ? ", and chance may explain the shortfall" : "";
        string reason = failed == 0 ? $"{what} in all {tried} tried{asked}" : $"{what} in all but {failed} of {tried} tried{asked}{chance}";
        return new TestVerdict(test.Title, verdict, reason) { Rows = tried, Failures = failed, Examples = examples };
    }

    /// <summary>A verdict for want of evidence.</summary>
    internal static TestVerdict Undecided(BehaviouralTest test, string why) => new(test.Title, Verdict.InsufficientEvidence, $"it cannot be judged: {why}");

    /// <summary>That a column is not there.</summary>
    internal static TestVerdict NoColumn(BehaviouralTest test, string column, TestSubject subject) =>
        Undecided(test, $"the model takes no '{column}'; it takes {string.Join(", ", subject.Data.Holdout.Features.Features.Select(f => f.Name))}");
}
