using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Training;

/// <summary>What is learned of a target column. Each throws <see cref="UnusableDataException"/> where that cannot be told, or cannot be learned.</summary>
internal static class TrainingTarget
{
    /// <summary>The most classes that are learned as such.</summary>
    public const int MaxClasses = 100;

    /// <summary>What is learned: what the spec says, or what the values are.</summary>
    public static LearningTask TaskOf(Column target, PipelineSpec spec)
    {
        if (spec.Task is { } given)
        {
            return given;
        }

        int distinct = target is CategoryColumn or IntegerColumn or NumberColumn
            ? Enumerable.Range(0, target.Length).Select(target.TextAt).Distinct(StringComparer.Ordinal).Take(MaxClasses + 1).Count()
            : 0;
        return target switch
        {
            BooleanColumn => LearningTask.Binary,
            CategoryColumn or IntegerColumn or NumberColumn when distinct == 2 => LearningTask.Binary,
            CategoryColumn when distinct is > 2 and <= MaxClasses => LearningTask.Multiclass,
            IntegerColumn or NumberColumn when distinct > 2 => LearningTask.Regression,
            _ => throw new UnusableDataException(
                $"What to learn of target '{spec.Target}' cannot be told: it is of type {target.Schema.Type} with {(distinct == 0 ? "values that are no classes" : $"{distinct} distinct value(s)")}. Give the spec a 'task', or the column a 'type'."),
        };
    }

    /// <summary>Names of the classes in ordinal order.</summary>
    public static string[] ClassesOf(Column target, LearningTask task, PipelineSpec spec)
    {
        string[] classes = target is BooleanColumn
            ? ["false", "true"]
            : [.. Enumerable.Range(0, target.Length).Select(target.TextAt).Distinct(StringComparer.Ordinal).Take(MaxClasses + 1).Order(StringComparer.Ordinal)];
        bool fits = task == LearningTask.Binary ? classes.Length == 2 : classes.Length is > 2 and <= MaxClasses;
        return fits
            ? classes
            : throw new UnusableDataException(
                $"Target '{spec.Target}' has {(classes.Length > MaxClasses ? $"more than {MaxClasses}" : $"{classes.Length}")} distinct values; a {(task == LearningTask.Binary ? "binary task needs two" : $"multiclass task needs 3 to {MaxClasses}")}.");
    }

    /// <summary>The target by row: 0 or 1, class number, or value.</summary>
    public static float[] LabelsOf(Column target, LearningTask task, string[] classes)
    {
        var labels = new float[target.Length];
        if (task == LearningTask.Regression)
        {
            for (int row = 0; row < labels.Length; row++)
            {
                labels[row] = target switch
                {
                    NumberColumn number => (float)number.Values[row],
                    IntegerColumn integer => integer.Values[row],
                    BooleanColumn boolean => boolean.Values[row],
                    _ => throw new UnusableDataException($"Target '{target.Schema.Name}' is of type {target.Schema.Type}; regression needs a number."),
                };
            }

            return labels;
        }

        var numbers = classes.Select((name, number) => (name, number)).ToDictionary(c => c.name, c => (float)c.number, StringComparer.Ordinal);
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = numbers.TryGetValue(target.TextAt(row), out float number)
                ? number
                : throw new UnusableDataException(
                    $"Target '{target.Schema.Name}' is '{target.TextAt(row)}' in a row to judge on, which no row to learn from has; those have {string.Join(", ", classes.Take(10))}.");
        }

        return labels;
    }
}
