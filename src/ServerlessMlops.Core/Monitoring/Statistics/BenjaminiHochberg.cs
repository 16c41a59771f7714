namespace ServerlessMlops.Core.Monitoring.Statistics;

/// <summary>Benjamini and Hochberg's step-up correction (1995): of the findings that pass at q, at most a share q is false in expectation; where nothing differs, any passes with probability at most q.</summary>
public static class BenjaminiHochberg
{
    /// <summary>Corrected p-values, in the order given: min over j &gt;= i of p(j) * m / j by rank, at most 1.</summary>
    public static double[] Correct(IReadOnlyList<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(pValues);
        int[] descending = [.. Enumerable.Range(0, pValues.Count).OrderByDescending(i => pValues[i])];
        var corrected = new double[pValues.Count];
        double least = 1;
        for (int position = 0; position < descending.Length; position++)
        {
            int index = descending[position];
            int rank = descending.Length - position;
            least = Math.Min(least, pValues[index] * descending.Length / rank);
            corrected[index] = least;
        }

        return corrected;
    }
}
