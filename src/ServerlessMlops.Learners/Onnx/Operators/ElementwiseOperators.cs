using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>Operators that work element by element, or that reduce the columns of a row.</summary>
internal static class ElementwiseOperators
{
    public static Action<ProgramBuilder, OnnxNode> Unary(Func<float, float> function) => (builder, node) => Map(builder, node, (a, _, _) => function(a), 1);

    public static Action<ProgramBuilder, OnnxNode> Binary(MapStep.Formula formula) => (builder, node) => Map(builder, node, formula, 2);

    public static void Where(ProgramBuilder builder, OnnxNode node) => Map(builder, node, (a, b, c) => a != 0 ? b : c, 3);

    /// <summary>Bounds are inputs since opset 11, attributes before; an absent one does not bound.</summary>
    public static void Clip(ProgramBuilder builder, OnnxNode node)
    {
        float low = node.Float("min", float.NegativeInfinity), high = node.Float("max", float.PositiveInfinity);
        low = Bound(1, low);
        high = Bound(2, high);
        Map(builder, node, (a, _, _) => MathF.Min(MathF.Max(a, low), high), 1);

        float Bound(int input, float otherwise)
        {
            if (node.Inputs.Length <= input || node.Inputs[input].Length == 0)
            {
                return otherwise;
            }

            double[] numbers = builder.Constant(node, input).Numbers;
            return numbers.Length == 1 ? (float)numbers[0] : throw new OnnxFormatException($"{node.Place} has a bound of {numbers.Length} numbers; expected one.");
        }
    }

    /// <summary>Index of the largest column, the first of equals.</summary>
    public static void ArgMax(ProgramBuilder builder, OnnxNode node) => Reduce(builder, node, (row, stride, width) =>
    {
        int best = 0;
        for (int c = 1; c < width; c++)
        {
            best = row[c * stride] > row[best * stride] ? c : best;
        }

        row[0] = best;
    });

    /// <summary>Sum of the columns.</summary>
    public static void ReduceSum(ProgramBuilder builder, OnnxNode node) => Reduce(builder, node, (row, stride, width) =>
    {
        float sum = 0;
        for (int c = 0; c < width; c++)
        {
            sum += row[c * stride];
        }

        row[0] = sum;
    });

    private static void Reduce(ProgramBuilder builder, OnnxNode node, RowWiseStep.Formula formula)
    {
        long[] axes = node.Inputs.Length > 1 && node.Inputs[1].Length > 0 ? [.. builder.Constant(node, 1).Numbers.Select(n => (long)n)] : node.Ints("axes");
        long axis = node.OpType == "ArgMax" ? node.Int("axis", 0) : axes.Length == 1 ? axes[0] : 0;
        if (axis is not (1 or -1))
        {
            throw new OnnxFormatException($"{node.Place} reduces axis {axis}; supported is axis 1, the columns of a row.");
        }

        RowValue value = builder.Get(node, 0);
        ProgramBuilder.RequireNumbers(node, value);
        if (value.Slots.Length == 0)
        {
            throw new OnnxFormatException($"{node.Place} reduces rows of no columns; expected at least one.");
        }

        int start = builder.Allocate(value.Slots.Length, node.Place);
        builder.Steps.Add(new CopyStep(value.Slots, start));
        builder.Steps.Add(new RowWiseStep(formula, start, value.Slots.Length));
        builder.Define(node.Outputs[0], builder.Columns(start, 1), node.Place);
    }

    /// <summary>Operands of one column go with every column of the others.</summary>
    private static void Map(ProgramBuilder builder, OnnxNode node, MapStep.Formula formula, int operands)
    {
        var slots = new int[operands][];
        for (int i = 0; i < operands; i++)
        {
            slots[i] = Operand(builder, node, i);
        }

        int width = slots.Max(s => s.Length);
        for (int i = 0; i < operands; i++)
        {
            if (slots[i].Length == 1 && width > 1)
            {
                slots[i] = [.. Enumerable.Repeat(slots[i][0], width)];
            }

            if (slots[i].Length != width)
            {
                throw new OnnxFormatException($"{node.Place} has operands of {width} and {slots[i].Length} columns; expected equal widths, or one column.");
            }
        }

        int start = builder.Allocate(width, node.Place);
        builder.Steps.Add(new MapStep(formula, slots[0], slots[Math.Min(1, operands - 1)], slots[Math.Min(2, operands - 1)], start));
        builder.Define(node.Outputs[0], builder.Columns(start, width), node.Place);
    }

    private static int[] Operand(ProgramBuilder builder, OnnxNode node, int input)
    {
        RowValue value = builder.Get(node, input);
        if (value.Constant is { } constant)
        {
            if (constant.Type == OnnxType.String || (constant.Dims.Length > 1 && constant.Dims[..^1].Any(d => d != 1)))
            {
                throw new OnnxFormatException($"{node.Place} is given a constant of text or of several rows; expected numbers for one row.");
            }

            int start = builder.Allocate(constant.Numbers.Length, node.Place);
            builder.Steps.Add(new ConstantStep([.. constant.Numbers.Select(n => (float)n)], start));
            return [.. Enumerable.Range(start, constant.Numbers.Length)];
        }

        ProgramBuilder.RequireNumbers(node, value);
        return value.Slots;
    }
}
