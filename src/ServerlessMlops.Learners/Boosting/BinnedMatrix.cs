namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// The training columns as bins, kept twice: by column, for partitioning rows by one column, and by row in blocks of up to 32 columns, for
/// building the histograms of all columns in one pass over the rows.
/// </summary>
/// <remarks>
/// <code>
/// columns            c0: r0 r1 r2 ...    c1: r0 r1 r2 ...
/// block of 4         r0: c0 c1 c2 c3     r1: c0 c1 c2 c3 ...
/// </code>
/// </remarks>
internal sealed class BinnedMatrix
{
    private const int BlockWidth = 32;
    private const int RowChunk = 1 << 14;

    private BinnedMatrix(int rows, Binner[] binners, byte[][] columns, bool[] hasMissing, Block[] blocks)
    {
        Rows = rows;
        Binners = binners;
        Columns = columns;
        HasMissing = hasMissing;
        Blocks = blocks;
    }

    /// <param name="FirstColumn">First column of the block; its histogram starts at <c>FirstColumn * 256</c>.</param>
    /// <param name="Columns">Number of columns, and of bytes a row.</param>
    /// <param name="Bins">Row-major.</param>
    internal sealed record Block(int FirstColumn, int Columns, byte[] Bins);

    public int Rows { get; }

    public Binner[] Binners { get; }

    public byte[][] Columns { get; }

    public bool[] HasMissing { get; }

    public Block[] Blocks { get; }

    /// <summary>Entries of a histogram: 256 for each column.</summary>
    public int HistogramSize => Columns.Length * HistogramBuilder.BinStride;

    public static BinnedMatrix Create(TrainingData data, int maxBins, WorkCrew crew)
    {
        float[][] columns = data.Columns;
        int rows = data.Target.Length;
        var binners = new Binner[columns.Length];
        var bins = new byte[columns.Length][];
        var hasMissing = new bool[columns.Length];
        crew.Run(columns.Length, c =>
        {
            binners[c] = data.CategoryCounts is { } counts && counts[c] > 0 ? Binner.OfCategories(counts[c]) : Binner.Fit(columns[c], maxBins);
            if (data.CategoryCodes?[c] is { } codes)
            {
                bins[c] = codes;
                return;
            }

            bins[c] = GC.AllocateUninitializedArray<byte>(rows);
            hasMissing[c] = binners[c].Transform(columns[c], bins[c]);
        });
        return new BinnedMatrix(rows, binners, bins, hasMissing, Transpose(bins, rows, crew));
    }

    private static Block[] Transpose(byte[][] columns, int rows, WorkCrew crew)
    {
        var blocks = new Block[(columns.Length + BlockWidth - 1) / BlockWidth];
        for (int b = 0; b < blocks.Length; b++)
        {
            int first = b * BlockWidth;
            int used = Math.Min(BlockWidth, columns.Length - first);
            byte[] target = GC.AllocateUninitializedArray<byte>(checked(rows * used));
            crew.Run((rows + RowChunk - 1) / RowChunk, chunk =>
            {
                int end = Math.Min(rows, (chunk + 1) * RowChunk);
                for (int c = 0; c < used; c++)
                {
                    byte[] source = columns[first + c];
                    int at = (chunk * RowChunk * used) + c;
                    for (int row = chunk * RowChunk; row < end; row++, at += used)
                    {
                        target[at] = source[row];
                    }
                }
            });
            blocks[b] = new Block(first, used, target);
        }

        return blocks;
    }
}
