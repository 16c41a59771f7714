using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Calibration;

namespace ServerlessMlops.Core.Training;

/// <summary>Rows as a learner takes them.</summary>
/// <param name="Features">Feature columns.</param>
/// <param name="Labels">By row: 0 or 1, class number, or value.</param>
public sealed record LabelledRows(FeatureTable Features, float[] Labels)
{
    /// <summary>Number of each row in the data set, from 0.</summary>
    public IReadOnlyList<int> Numbers { get; init; } = [];

    /// <summary>The rows' keys; null where the spec names no key.</summary>
    public Column? Keys { get; init; }

    /// <summary>Columns that models may not learn from and are measured by: <see cref="ColumnSpec.Feature"/> is false.</summary>
    public IReadOnlyList<Feature> Besides { get; init; } = [];
}

/// <summary>A data set made ready for learning: the task, the classes, the rows to learn from and the rows to judge on.</summary>
/// <param name="Task">What is learned.</param>
/// <param name="Classes">Class names by number, in ordinal order; the second of two is the positive one. Empty for regression.</param>
/// <param name="Train">Rows to learn from.</param>
/// <param name="Holdout">Rows to judge on.</param>
public sealed record TrainingData(LearningTask Task, IReadOnlyList<string> Classes, LabelledRows Train, LabelledRows Holdout)
{
    /// <summary>Share of the training rows that trials of a search are compared on.</summary>
    public const double ValidationShare = 0.2;

    /// <summary>Numbers of the training rows that trials of a search are compared on; empty where the spec asks for no search.</summary>
    public IReadOnlyList<int> ValidationRows { get; init; } = [];

    /// <summary>What is made of models that are trained on it: calibration, threshold, interval. By default nothing.</summary>
    public RefinementOptions Refinement { get; init; } = new();

    /// <summary>Regression that is split by time: when each training row was, in the time column's unit, negative infinity where it does not say; else null.</summary>
    public IReadOnlyList<double>? TrainTimes { get; init; }

    /// <summary>
    /// The interval of a regression by its errors on the hold-out; null for other tasks and where there are too few rows for the coverage. The hold-out also chose the
    /// winner among a few candidates, which makes its errors a little too small; that is weighed against a third share of rows that nothing else could use.
    /// </summary>
    /// <param name="outputs">The model's answers to the hold-out.</param>
    /// <param name="coverage">Share of true values that lie within it, 0 to 1.</param>
    public ConformalInterval? HoldoutInterval(ReadOnlySpan<float> outputs, double coverage)
    {
        if (Task != LearningTask.Regression || outputs.IsEmpty)
        {
            return null;
        }

        var interval = ConformalInterval.Fit(Holdout.Labels, outputs, coverage);
        return double.IsFinite(interval.HalfWidth) ? interval : null;
    }

    /// <summary>Fewest rows on each side.</summary>
    public const int MinRows = 20;

    /// <summary>Makes a data set ready.</summary>
    /// <param name="table">All rows; those without a target are left out.</param>
    /// <param name="spec">Names the target, key, time and ignored columns.</param>
    /// <param name="rule">Divides the rows.</param>
    /// <exception cref="UnusableDataException">Nothing can be learned from it; the message says why and what would help.</exception>
    public static TrainingData Prepare(ColumnTable table, PipelineSpec spec, SplitRule rule)
    {
        ColumnTable rows = Labelled(table, spec);
        Column target = rows[spec.Target];
        LearningTask task = TrainingTarget.TaskOf(target, spec);
        string[] classes = task == LearningTask.Regression ? [] : TrainingTarget.ClassesOf(target, task, spec);
        DatasetSplit split = DatasetSplitter.Split(rows, rule);
        if (split.Train.Length < MinRows || split.Holdout.Length < MinRows)
        {
            throw new UnusableDataException(
                $"There are {split.Train.Length} rows to learn from and {split.Holdout.Length} to judge on; each needs at least {MinRows}. Upload more data, or widen the window ('{spec.Window}').");
        }

        float[] labels = TrainingTarget.LabelsOf(target, task, classes);
        string[] features = TrainingFeatures.Required(rows.Schema, spec);
        return new TrainingData(task, classes, Side(rows, features, labels, split.Train), Side(rows, features, labels, split.Holdout) with
        {
            Numbers = NumbersOf(table, rows, spec, split.Holdout),
            Keys = spec.Key is { } key && rows.Schema.IndexOf(key) >= 0 ? rows[key].Take(split.Holdout) : null,
            Besides = [.. TrainingFeatures.Learnable(rows.Schema, spec).Where(name => !TrainingFeatures.IsFeature(name, spec)).Select(name => TrainingFeatures.Of(rows[name].Take(split.Holdout)))],
        })
        {
            Refinement = RefinementOf(spec),
            TrainTimes = TimesOf(rows, rule, task, split.Train),
            ValidationRows = spec.Train.Search.MostTrials > 0 ? Validation(rows, rule, split) : [],
        };
    }

    /// <summary>Makes a data set ready whose rows to judge on are in a table of their own.</summary>
    /// <param name="table">Rows to learn from; those without a target are left out.</param>
    /// <param name="holdout">Rows to judge on, read by the schema of <paramref name="table"/>; those without a target are left out.</param>
    /// <param name="spec">Names the target, key, time and ignored columns.</param>
    /// <exception cref="UnusableDataException">Nothing can be learned or judged; the message says why and what would help.</exception>
    public static TrainingData Prepare(ColumnTable table, ColumnTable holdout, PipelineSpec spec)
    {
        ColumnTable rows = Labelled(table, spec), judged = Labelled(holdout, spec);
        if (rows.RowCount < MinRows || judged.RowCount < MinRows)
        {
            throw new UnusableDataException($"There are {rows.RowCount} rows with a target to learn from and {judged.RowCount} to judge on; each needs at least {MinRows}.");
        }

        Column target = rows[spec.Target];
        LearningTask task = TrainingTarget.TaskOf(target, spec);
        string[] classes = task == LearningTask.Regression ? [] : TrainingTarget.ClassesOf(target, task, spec);
        string[] features = TrainingFeatures.Required(rows.Schema, spec);
        int[] all = [.. Enumerable.Range(0, rows.RowCount)];
        SplitRule rule = SplitRule.For(spec) with { HoldoutShare = 0 };
        return new TrainingData(
            task,
            classes,
            new LabelledRows(TrainingFeatures.Of(rows, features), TrainingTarget.LabelsOf(target, task, classes)),
            new LabelledRows(TrainingFeatures.Of(judged, features), TrainingTarget.LabelsOf(judged[spec.Target], task, classes)))
        {
            Refinement = RefinementOf(spec),
            TrainTimes = TimesOf(rows, rule, task, all),
            ValidationRows = spec.Train.Search.MostTrials > 0 ? Validation(rows, rule, new DatasetSplit(all, [])) : [],
        };
    }

    private static double[]? TimesOf(ColumnTable rows, SplitRule rule, LearningTask task, int[] side) =>
        task == LearningTask.Regression && rule is { Kind: SplitKind.Time, Column: { } time } ? FeatureTable.Take<double>(DatasetSplitter.TimesOf(rows[time]), side) : null;

    private static RefinementOptions RefinementOf(PipelineSpec spec) =>
        new() { Calibration = spec.Train.Calibration, Costs = spec.Train.Costs?.ToMatrix(), Coverage = spec.Train.Interval };

    /// <summary>The training rows divided once more: those that trials of a search learn from, and those they are compared on. No trial sees the hold-out.</summary>
    /// <exception cref="UnusableDataException">One side has fewer than <see cref="MinRows"/> rows.</exception>
    public (LabelledRows Fit, LabelledRows Validation) SearchSides()
    {
        var held = ValidationRows.ToHashSet();
        int[] validation = [.. ValidationRows];
        int[] fit = [.. Enumerable.Range(0, Train.Features.Rows).Where(row => !held.Contains(row))];
        return fit.Length < MinRows || validation.Length < MinRows
            ? throw new UnusableDataException(
                $"There are {fit.Length} rows for trials of the search to learn from and {validation.Length} to compare them on; each needs at least {MinRows}. Upload more data, or leave 'train.search' out.")
            : (Take(fit), Take(validation));

        LabelledRows Take(int[] side) => new(Train.Features.Select(side), FeatureTable.Take<float>(Train.Labels, side));
    }

    /// <summary>Which training rows the same rule would hold out next, if its share were larger: the newest by time, or the next by hash.</summary>
    private static int[] Validation(ColumnTable rows, SplitRule rule, DatasetSplit split)
    {
        SplitRule wider = rule with { HoldoutShare = 1 - ((1 - rule.HoldoutShare) * (1 - ValidationShare)) };
        var fit = DatasetSplitter.Split(rows, wider).Train.ToHashSet();
        return [.. Enumerable.Range(0, split.Train.Length).Where(i => !fit.Contains(split.Train[i]))];
    }

    /// <summary>Names of the columns that <see cref="Prepare(ColumnTable, PipelineSpec, SplitRule)"/> looks at; null for all, where rows are divided by a hash of all.</summary>
    public static string[]? ColumnsFor(TableSchema schema, PipelineSpec spec, SplitRule rule) => rule.Kind == SplitKind.Row
        ? null
        : [.. TrainingFeatures.Learnable(schema, spec).Union(new[] { spec.Target, spec.Key, spec.Time, rule.Column }.OfType<string>())];

    private static ColumnTable Labelled(ColumnTable table, PipelineSpec spec)
    {
        if (table.Schema.IndexOf(spec.Target) < 0)
        {
            throw new UnusableDataException($"There is no target column '{spec.Target}'; the data has {string.Join(", ", table.Schema.Columns.Select(c => c.Name))}.");
        }

        Column target = table[spec.Target];
        int[] labelled = [.. Enumerable.Range(0, table.RowCount).Where(row => !target.IsMissing(row))];
        return labelled.Length == table.RowCount ? table : table.Take(labelled);
    }

    /// <summary>Where labelled rows stand in the whole table.</summary>
    private static int[] NumbersOf(ColumnTable table, ColumnTable labelled, PipelineSpec spec, int[] side)
    {
        if (labelled.RowCount == table.RowCount)
        {
            return side;
        }

        Column target = table[spec.Target];
        int[] numbers = [.. Enumerable.Range(0, table.RowCount).Where(row => !target.IsMissing(row))];
        return FeatureTable.Take<int>(numbers, side);
    }

    private static LabelledRows Side(ColumnTable rows, string[] features, float[] labels, int[] side) =>
        new(TrainingFeatures.Of(rows.Take(side), features), FeatureTable.Take<float>(labels, side));
}

/// <summary>Nothing can be learned from the data; the message says why and what would help. The training ends as rejected, not as failed.</summary>
public sealed class UnusableDataException(string message) : Exception(message);
