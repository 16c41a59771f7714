using ServerlessMlops.Learners.Linear;
using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>Products with constant matrices, linear models, softmax.</summary>
internal static class LinearOperators
{
    public static void Softmax(ProgramBuilder builder, OnnxNode node)
    {
        if (node.Int("axis", -1) is not (1 or -1))
        {
            throw new OnnxFormatException($"{node.Place} works along axis {node.Int("axis", -1)}; supported is axis 1, the columns of a row.");
        }

        RowValue value = builder.Get(node, 0);
        ProgramBuilder.RequireNumbers(node, value);
        int start = builder.Allocate(value.Slots.Length, node.Place);
        builder.Steps.Add(new CopyStep(value.Slots, start));
        builder.Steps.Add(new LinkStep(Link.Softmax, start, value.Slots.Length));
        builder.Define(node.Outputs[0], builder.Columns(start, value.Slots.Length), node.Place);
    }

    public static void MatMul(ProgramBuilder builder, OnnxNode node)
    {
        OnnxTensor matrix = Matrix(builder, node);
        int inner = (int)matrix.Dims[0], outer = (int)matrix.Dims[1];
        Add(builder, node, outer, inner, (k, c) => matrix.Numbers[(c * outer) + k], k => 0);
    }

    public static void Gemm(ProgramBuilder builder, OnnxNode node)
    {
        OnnxTensor matrix = Matrix(builder, node);
        bool transposed = node.Int("transB", 0) != 0;
        if (node.Int("transA", 0) != 0)
        {
            throw new OnnxFormatException($"{node.Place} transposes its rows (transA), which is not supported.");
        }

        int inner = (int)matrix.Dims[transposed ? 1 : 0], outer = (int)matrix.Dims[transposed ? 0 : 1];
        float alpha = node.Float("alpha", 1), beta = node.Float("beta", 1);
        double[] bias = node.Inputs.Length > 2 && node.Inputs[2].Length > 0 ? builder.Constant(node, 2).Numbers : [0];
        if (bias.Length != 1 && bias.Length != outer)
        {
            throw new OnnxFormatException($"{node.Place} adds {bias.Length} numbers to {outer} columns; expected one, or one for each.");
        }

        Add(builder, node, outer, inner, (k, c) => alpha * matrix.Numbers[transposed ? (k * inner) + c : (c * outer) + k], k => beta * bias[bias.Length == 1 ? 0 : k]);
    }

    public static void Regressor(ProgramBuilder builder, OnnxNode node)
    {
        int targets = (int)Math.Clamp(node.Int("targets", 1), 0, int.MaxValue);
        RowValue scores = AddLinear(builder, node, targets);
        PostTransform.Apply(builder, node, scores);
        builder.Define(node.Outputs[0], scores, node.Place);
    }

    /// <summary>
    /// A classifier with one row of coefficients for two classes has the score of the second; that of the first is one less it, or with a
    /// logistic transform of its negative.
    /// </summary>
    public static void Classifier(ProgramBuilder builder, OnnxNode node)
    {
        string[] classes = ClassLabels.Read(node, "classlabels_ints", "classlabels_strings");
        int rows = Math.Max(node.Floats("intercepts").Length, 1);
        rows = node.Floats("intercepts").Length == 0 ? classes.Length : rows;
        RowValue scores = AddLinear(builder, node, rows);
        builder.Classes = classes;
        if (rows == 1 && classes.Length == 2)
        {
            throw new OnnxFormatException($"{node.Place} has one row of coefficients for two classes; expected a row for each, as exporters write it.");
        }

        if (rows != classes.Length)
        {
            throw new OnnxFormatException($"{node.Place} has {rows} rows of coefficients for {classes.Length} classes; expected a row for each.");
        }

        PostTransform.Apply(builder, node, scores);
        builder.Define(node.Outputs.Length > 1 ? node.Outputs[1] : "", scores, node.Place);
    }

    private static RowValue AddLinear(ProgramBuilder builder, OnnxNode node, int targets)
    {
        int from = builder.Numbers(node, 0, out int width);
        float[] coefficients = node.Floats("coefficients"), intercepts = node.Floats("intercepts");
        if (targets < 1 || coefficients.Length != (long)targets * width || (intercepts.Length != 0 && intercepts.Length != targets))
        {
            throw new OnnxFormatException($"{node.Place} has {coefficients.Length} coefficients and {intercepts.Length} intercepts for {targets} scores of {width} columns; expected {(long)targets * width} and {targets}.");
        }

        return AddPredictor(builder, node, from, [.. coefficients.Chunk(Math.Max(1, width))], intercepts.Length == 0 ? new float[targets] : intercepts);
    }

    private static void Add(ProgramBuilder builder, OnnxNode node, int outer, int inner, Func<int, int, double> coefficient, Func<int, double> bias)
    {
        int from = builder.Numbers(node, 0, out int width);
        if (width != inner)
        {
            throw new OnnxFormatException($"{node.Place} multiplies rows of {width} columns by a matrix of {inner} rows; expected the same.");
        }

        builder.Keep((long)outer * inner, node.Place);
        float[][] rows = [.. Enumerable.Range(0, outer).Select(k => Enumerable.Range(0, inner).Select(c => (float)coefficient(k, c)).ToArray())];
        RowValue scores = AddPredictor(builder, node, from, rows, [.. Enumerable.Range(0, outer).Select(k => (float)bias(k))]);
        builder.Define(node.Outputs[0], scores, node.Place);
    }

    private static RowValue AddPredictor(ProgramBuilder builder, OnnxNode node, int from, float[][] rows, float[] intercepts)
    {
        int start = builder.Allocate(intercepts.Length, node.Place);
        builder.Steps.Add(new PredictorStep(new LinearPredictor(rows, intercepts), from, start));
        return builder.Columns(start, intercepts.Length);
    }

    private static OnnxTensor Matrix(ProgramBuilder builder, OnnxNode node)
    {
        OnnxTensor matrix = builder.Constant(node, 1);
        return matrix.Dims.Length == 2 && matrix.Type != OnnxType.String && matrix.Dims.All(d => d > 0)
            ? matrix
            : throw new OnnxFormatException($"{node.Place} multiplies by a constant of shape [{string.Join(", ", matrix.Dims)}]; expected a matrix of numbers.");
    }
}
