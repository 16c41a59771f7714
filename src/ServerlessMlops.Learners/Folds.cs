namespace ServerlessMlops.Learners;

/// <summary>Divides rows into parts for cross-validation.</summary>
internal static class Folds
{
    /// <summary>Parts that cross-validation divides the rows into.</summary>
    public const int Count = 5;

    /// <summary>Stream of the draws that choose rows to hold out.</summary>
    public const int Stream = 4242;

    /// <summary>A part for each row, 0 to <see cref="Count"/> - 1: classes are spread evenly, so that a rare one is in every part.</summary>
    public static byte[] Divide(float[] y, LearningTask task, int seed)
    {
        int[] order = [.. Enumerable.Range(0, y.Length).OrderBy(row => task == LearningTask.Regression ? 0 : y[row]).ThenBy(row => Hash.Unit(seed, Stream, row))];
        var fold = new byte[y.Length];
        for (int i = 0; i < order.Length; i++)
        {
            fold[order[i]] = (byte)(i % Count);
        }

        return fold;
    }

    /// <summary>The rows of the other parts, and those of part <paramref name="number"/>.</summary>
    public static (int[] Kept, int[] Held) Sides(byte[] fold, int number) =>
        ([.. Enumerable.Range(0, fold.Length).Where(row => fold[row] != number)], [.. Enumerable.Range(0, fold.Length).Where(row => fold[row] == number)]);
}
