namespace ServerlessMlops.Learners;

/// <summary>What must hold of labels before a learner reads them.</summary>
internal static class LabelChecks
{
    public static void Check(int rows, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes, string set)
    {
        if (rows == 0 || y.Length != rows || (weights is not null && weights.Length != rows))
        {
            throw new ArgumentException($"The {set} set has {rows} rows, {y.Length} targets and {weights?.Length ?? rows} weights; expected the same number of each, at least one.");
        }

        int expected = task switch { LearningTask.Regression => 0, LearningTask.Binary => 2, _ => Math.Max(2, classes.Count) };
        if (classes.Count != expected)
        {
            throw new ArgumentException($"Task {task} came with {classes.Count} class names; expected {expected}.", nameof(classes));
        }

        for (int row = 0; row < rows; row++)
        {
            bool usable = task == LearningTask.Regression ? float.IsFinite(y[row]) : y[row] >= 0 && y[row] < classes.Count && y[row] == MathF.Floor(y[row]);
            if (!usable)
            {
                string range = task == LearningTask.Regression ? "a finite number" : $"a class number from 0 to {classes.Count - 1}";
                throw new ArgumentException($"Row {row} of the {set} set has target {y[row]}; expected {range}.", nameof(y));
            }
        }

        if (weights is null)
        {
            return;
        }

        int bad = Array.FindIndex(weights, w => !(w >= 0) || float.IsInfinity(w));
        if (bad >= 0 || weights.Sum(w => (double)w) <= 0)
        {
            throw new ArgumentException(bad >= 0
                ? $"Row {bad} of the {set} set has weight {weights[bad]}; expected a finite number of at least 0."
                : $"All weights of the {set} set are 0; expected a positive sum.", nameof(weights));
        }
    }
}
