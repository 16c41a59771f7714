namespace ServerlessMlops.Learners;

/// <summary>
/// A learned function from encoded float columns to raw scores: the part of a model that is a formula. Immutable, so thread-safe.
/// </summary>
/// <remarks>
/// Blocks are column-major: column c of row r stands at <c>columns[c * stride + r]</c>, so that one instruction works on the same column of
/// several rows. One row is a block with stride 1.
/// </remarks>
public abstract class Predictor
{
    /// <summary>Number of columns read.</summary>
    public abstract int ColumnCount { get; }

    /// <summary>Number of scores a row.</summary>
    public abstract int ScoreCount { get; }

    /// <summary>Writes the raw scores of a block of rows; allocates nothing.</summary>
    /// <param name="columns">Encoded columns, column-major.</param>
    /// <param name="stride">Distance between columns, and between scores; at least <paramref name="rows"/>.</param>
    /// <param name="rows">Rows in the block.</param>
    /// <param name="scores">Scores, column-major with the same stride.</param>
    public abstract void Score(ReadOnlySpan<float> columns, int stride, int rows, Span<float> scores);
}
