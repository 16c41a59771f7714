namespace ServerlessMlops.Learners.Onnx.Steps;

/// <summary>
/// One step of a row program: reads columns of a workspace and writes others, for a block of rows. Column c of row r stands at
/// <c>work[c * stride + r]</c>. Steps hold constants only, so any number of threads may run them on workspaces of their own; they allocate nothing.
/// </summary>
internal abstract class RowStep
{
    public abstract void Run(Span<float> work, int stride, int rows);

    /// <summary>Says which input each written column is made of: its index, <see cref="ColumnOrigin.None"/> or <see cref="ColumnOrigin.Several"/>.</summary>
    /// <param name="origins">By column of the workspace; those that the step reads are known.</param>
    public abstract void Trace(Span<int> origins);
}

/// <summary>What a column of a workspace is made of, where that is not one input.</summary>
internal static class ColumnOrigin
{
    /// <summary>Of constants only.</summary>
    public const int None = -1;

    /// <summary>Of more than one input.</summary>
    public const int Several = -2;

    public static int Merge(int a, int b) => a == None || a == b ? b : b == None ? a : Several;
}

/// <summary>Copies columns to where a step wants them side by side.</summary>
internal sealed class CopyStep(int[] from, int to) : RowStep
{
    public override void Run(Span<float> work, int stride, int rows)
    {
        for (int c = 0; c < from.Length; c++)
        {
            work.Slice(from[c] * stride, rows).CopyTo(work[((to + c) * stride)..]);
        }
    }

    public override void Trace(Span<int> origins)
    {
        for (int c = 0; c < from.Length; c++)
        {
            origins[to + c] = origins[from[c]];
        }
    }
}

/// <summary>Raw scores of a predictor whose columns stand side by side from <paramref name="from"/> on.</summary>
internal sealed class PredictorStep(Predictor predictor, int from, int to) : RowStep
{
    /// <summary>The formula.</summary>
    public Predictor Predictor => predictor;

    /// <summary>Its first column.</summary>
    public int From => from;

    public override void Run(Span<float> work, int stride, int rows) => predictor.Score(work[(from * stride)..], stride, rows, work[(to * stride)..]);

    public override void Trace(Span<int> origins) => origins.Slice(to, predictor.ScoreCount).Fill(ColumnOrigin.Several);
}

/// <summary>A link, in place.</summary>
internal sealed class LinkStep(Link link, int at, int width) : RowStep
{
    public override void Run(Span<float> work, int stride, int rows) => LinkFunction.Apply(link, work[(at * stride)..], stride, rows, width);

    public override void Trace(Span<int> origins)
    {
        if (width > 1)
        {
            origins.Slice(at, width).Fill(ColumnOrigin.Several);
        }
    }
}

/// <summary>A number for each category code; NaN is a missing category, any code beyond the table an unknown one.</summary>
internal sealed class LookupStep(float[] values, float unknown, float missing, int from, int to) : RowStep
{
    /// <summary>The column written.</summary>
    public int To => to;

    /// <summary>Whether all that it can write are whole numbers from 0 to below a count.</summary>
    public bool WritesIndexesBelow(int count) => values.Append(unknown).Append(missing).All(v => v >= 0 && v < count && float.IsInteger(v));

    public override void Run(Span<float> work, int stride, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            float code = work[(from * stride) + row];
            work[(to * stride) + row] = float.IsNaN(code) ? missing : code >= 0 && code < values.Length ? values[(int)code] : unknown;
        }
    }

    public override void Trace(Span<int> origins) => origins[to] = origins[from];
}

/// <summary>A number for a number, where keys match exactly.</summary>
internal sealed class NumberMapStep(Dictionary<float, float> map, float otherwise, float forNaN, int from, int to) : RowStep
{
    public override void Run(Span<float> work, int stride, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            float x = work[(from * stride) + row];
            work[(to * stride) + row] = float.IsNaN(x) ? forNaN : map.TryGetValue(x, out float value) ? value : otherwise;
        }
    }

    public override void Trace(Span<int> origins) => origins[to] = origins[from];
}

/// <summary>A column for each category: 1 in that of the row's, 0 elsewhere; 0 throughout for an unknown one.</summary>
/// <param name="hot">Code or number -> column.</param>
/// <param name="width">Columns.</param>
/// <param name="missing">Column of a missing category, or -1.</param>
/// <param name="from">Column read.</param>
/// <param name="to">First column written.</param>
internal sealed class OneHotStep(Dictionary<float, int> hot, int width, int missing, int from, int to) : RowStep
{
    public override void Run(Span<float> work, int stride, int rows)
    {
        for (int c = 0; c < width; c++)
        {
            work.Slice((to + c) * stride, rows).Clear();
        }

        for (int row = 0; row < rows; row++)
        {
            float code = work[(from * stride) + row];
            int column = float.IsNaN(code) ? missing : hot.GetValueOrDefault(code, -1);
            if (column >= 0)
            {
                work[((to + column) * stride) + row] = 1;
            }
        }
    }

    public override void Trace(Span<int> origins) => origins.Slice(to, width).Fill(origins[from]);
}

/// <summary>A formula of one column and up to two constants, or of three columns, element by element.</summary>
internal sealed class MapStep(MapStep.Formula formula, int[] a, int[] b, int[] c, int to) : RowStep
{
    /// <summary>What is computed of a, b and c.</summary>
    internal delegate float Formula(float a, float b, float c);

    public override void Run(Span<float> work, int stride, int rows)
    {
        for (int i = 0; i < a.Length; i++)
        {
            int x = a[i] * stride, y = b[i] * stride, z = c[i] * stride, target = (to + i) * stride;
            for (int row = 0; row < rows; row++)
            {
                work[target + row] = formula(work[x + row], work[y + row], work[z + row]);
            }
        }
    }

    public override void Trace(Span<int> origins)
    {
        for (int i = 0; i < a.Length; i++)
        {
            origins[to + i] = ColumnOrigin.Merge(origins[a[i]], ColumnOrigin.Merge(origins[b[i]], origins[c[i]]));
        }
    }
}

/// <summary>Puts constants into columns.</summary>
internal sealed class ConstantStep(float[] values, int to) : RowStep
{
    public override void Run(Span<float> work, int stride, int rows)
    {
        for (int c = 0; c < values.Length; c++)
        {
            work.Slice((to + c) * stride, rows).Fill(values[c]);
        }
    }

    public override void Trace(Span<int> origins) => origins.Slice(to, values.Length).Fill(ColumnOrigin.None);
}

/// <summary>Replaces each row's columns as a whole, such as dividing them by their norm.</summary>
internal sealed class RowWiseStep(RowWiseStep.Formula formula, int at, int width) : RowStep
{
    /// <summary>Works on the columns of one row: column c at <c>row[c * stride]</c>.</summary>
    internal delegate void Formula(Span<float> row, int stride, int width);

    public override void Run(Span<float> work, int stride, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            formula(work[((at * stride) + row)..], stride, width);
        }
    }

    public override void Trace(Span<int> origins)
    {
        int merged = ColumnOrigin.None;
        foreach (int origin in origins.Slice(at, width))
        {
            merged = ColumnOrigin.Merge(merged, origin);
        }

        origins.Slice(at, width).Fill(merged);
    }
}
