using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Learners.Encoding;

/// <summary>Categories as codes that trees split by sets of: those with rows enough to be told apart have a code each, the others share one.</summary>
internal static class CategoryCoding
{
    /// <summary>Two codes are kept for unknown and missing categories.</summary>
    private const int MostKept = CategorySet.MaxCodes - 2;

    /// <summary>Greatest share of rows whose category may lose its name to a common code: their statistic would tell more.</summary>
    private const double RareShare = 0.05;

    /// <summary>The codes of a column, or null where it is better read by its statistics.</summary>
    /// <param name="input">Index of the model's input.</param>
    /// <param name="feature">The category column.</param>
    /// <param name="options">When a column is read by sets.</param>
    public static CategoryCodes? TryFit(int input, CategoricalFeature feature, TargetStatisticsOptions options)
    {
        if (feature.Rows < options.SetRows)
        {
            return null;
        }

        var rows = new int[feature.Categories.Length];
        int named = 0;
        foreach (int code in feature.Codes)
        {
            if (code >= 0)
            {
                rows[code]++;
                named++;
            }
        }

        int[] kept = [.. Enumerable.Range(0, rows.Length).Where(c => rows[c] >= options.SettledRows).OrderByDescending(c => rows[c]).Take(MostKept).Order()];
        if (kept.Length == 0 || kept.Sum(c => rows[c]) < (1 - RareShare) * named)
        {
            return null;
        }

        var codes = new int[rows.Length];
        Array.Fill(codes, kept.Length);
        for (int i = 0; i < kept.Length; i++)
        {
            codes[kept[i]] = i;
        }

        return new CategoryCodes(input, codes, kept.Length);
    }

    /// <summary>The codes of a column's rows.</summary>
    /// <param name="column">What to make.</param>
    /// <param name="categories">By row: the category, or -1 where it is missing.</param>
    /// <param name="map">By category of the rows: that of the model, or -1 where it does not know it; null means the same.</param>
    public static float[] Encode(CategoryCodes column, int[] categories, int[]? map = null) => Array.ConvertAll(categories, category =>
    {
        int known = category < 0 || map is null ? category : map[category];
        return (float)CodeOf(column, category, known);
    });

    /// <summary>The codes of the rows that the column was fitted to, a byte each.</summary>
    /// <param name="column">What to make.</param>
    /// <param name="categories">By row: the category, or -1 where it is missing.</param>
    public static byte[] EncodeBytes(CategoryCodes column, int[] categories) =>
        Array.ConvertAll(categories, category => (byte)CodeOf(column, category, category));

    private static int CodeOf(CategoryCodes column, int category, int known) => category < 0 ? column.Missing : known < 0 ? column.Unknown : column.Codes[known];
}
