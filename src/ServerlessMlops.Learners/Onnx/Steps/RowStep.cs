namespace ServerlessMlops.Learners.Onnx.Steps;

/// <summary>
/// One step of a row program: reads columns of a workspace and writes others, for a block of rows. Column c of row r stands at
/// <c>work[c * stride + r]</c>. Steps hold constants only, so any number of threads may run them on workspaces of their own; they allocate nothing.
/// </summary>
internal abstract class RowStep
{
    public abstract void Run(Span<float> work, int stride, int rows);
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
}

/// <summary>Raw scores of a predictor whose columns stand side by side from <paramref name="from"/> on.</summary>
internal sealed class PredictorStep(Predictor predictor, int from, int to) : RowStep
{
    public override void Run(Span<float> work, int stride, int rows) => predictor.Score(work[(from * stride)..], stride, rows, work[(to * stride)..]);
}

/// <summary>A link, in place.</summary>
internal sealed class LinkStep(Link link, int at, int width) : RowStep
{
    public override void Run(Span<float> work, int stride, int rows) => LinkFunction.Apply(link, work[(at * stride)..], stride, rows, width);
}

/// <summary>A number for each category code; NaN is a missing category, any code beyond the table an unknown one.</summary>
internal sealed class LookupStep(float[] values, float unknown, float missing, int from, int to) : RowStep
{
    public override void Run(Span<float> work, int stride, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            float code = work[(from * stride) + row];
            work[(to * stride) + row] = float.IsNaN(code) ? missing : code >= 0 && code < values.Length ? values[(int)code] : unknown;
        }
    }
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
}
