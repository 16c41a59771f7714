using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>Operators that move columns and compute nothing: they cost no step.</summary>
internal static class ShapeOperators
{
    public static void Identity(ProgramBuilder builder, OnnxNode node) => builder.Define(node.Outputs[0], builder.GetUnread(node, 0), node.Place);

    /// <summary>Casts to float change nothing, since all numbers are floats here; casts to whole numbers cut off, to bool compare with 0.</summary>
    public static void Cast(ProgramBuilder builder, OnnxNode node)
    {
        RowValue value = builder.GetUnread(node, 0);
        var to = (OnnxType)node.Int("to", 0);
        bool same = to is OnnxType.Float or OnnxType.Double || (to == OnnxType.String && value.TextInput >= 0) || value.Constant is not null;
        if (same)
        {
            if (value.TextInput >= 0 && to != OnnxType.String)
            {
                throw new OnnxFormatException($"{node.Place} reads numbers out of text, which is not supported; declare the input as a number.");
            }

            builder.Define(node.Outputs[0], value, node.Place);
            return;
        }

        value = builder.Get(node, 0);
        ProgramBuilder.RequireNumbers(node, value);
        MapStep.Formula formula = to switch
        {
            OnnxType.Int32 or OnnxType.Int64 => (a, _, _) => MathF.Truncate(a),
            OnnxType.Bool => (a, _, _) => a != 0 ? 1 : 0,
            _ => throw new OnnxFormatException($"{node.Place} casts numbers to element type {node.Int("to", 0)}; supported are {string.Join(", ", Enum.GetNames<OnnxType>())}, text only from text."),
        };
        int start = builder.Allocate(value.Slots.Length, node.Place);
        builder.Steps.Add(new MapStep(formula, value.Slots, value.Slots, value.Slots, start));
        builder.Define(node.Outputs[0], builder.Columns(start, value.Slots.Length), node.Place);
    }

    public static void Concat(ProgramBuilder builder, OnnxNode node)
    {
        long axis = node.Int("axis", 1);
        if (axis is not (1 or -1))
        {
            throw new OnnxFormatException($"{node.Place} joins along axis {axis}; supported is axis 1, columns beside each other.");
        }

        var slots = new List<int>();
        for (int i = 0; i < node.Inputs.Length; i++)
        {
            RowValue value = builder.GetUnread(node, i);
            ProgramBuilder.RequireNumbers(node, value);
            slots.AddRange(value.Slots);
            if (slots.Count > 1 << 18)
            {
                throw new OnnxFormatException($"{node.Place} makes more than {1 << 18} columns; models of this kind are far narrower.");
            }
        }

        builder.Define(node.Outputs[0], new RowValue([.. slots]), node.Place);
    }

    public static void Constant(ProgramBuilder builder, OnnxNode node)
    {
        OnnxTensor tensor = node.Attributes.TryGetValue("value", out OnnxAttribute? value) && value.Tensor is not null ? value.Tensor
            : node.Attributes.TryGetValue("value_float", out value) ? new OnnxTensor("", OnnxType.Float, [], [value.Float ?? 0], [])
            : node.Attributes.TryGetValue("value_int", out value) ? new OnnxTensor("", OnnxType.Int64, [], [value.Int ?? 0], [])
            : node.Attributes.TryGetValue("value_floats", out value) ? new OnnxTensor("", OnnxType.Float, [value.Floats.Length], [.. value.Floats.Select(f => (double)f)], [])
            : node.Attributes.TryGetValue("value_ints", out value) ? new OnnxTensor("", OnnxType.Int64, [value.Ints.Length], [.. value.Ints.Select(i => (double)i)], [])
            : throw new OnnxFormatException($"{node.Place} has no value; expected one of value, value_float, value_int, value_floats, value_ints.");
        builder.Define(node.Outputs[0], new RowValue([]) { Constant = tensor }, node.Place);
    }

    /// <summary>Columns by constant index: Gather along axis 1, and ArrayFeatureExtractor. Gather along axis 0: the row of a constant for each category's code.</summary>
    public static void Gather(ProgramBuilder builder, OnnxNode node)
    {
        long axis = node.Int("axis", 0);
        if (node.OpType == "Gather" && axis == 0 && builder.GetUnread(node, 0).Constant is { } table)
        {
            GatherRows(builder, node, table);
            return;
        }

        if (node.OpType == "Gather" && axis is not (1 or -1))
        {
            throw new OnnxFormatException($"{node.Place} gathers along axis {axis}; supported are axis 1, columns, and axis 0 of a constant.");
        }

        RowValue value = builder.GetUnread(node, 0);
        ProgramBuilder.RequireNumbers(node, value);
        int[] slots = [.. builder.Constant(node, 1).Numbers.Select(i =>
        {
            double index = i < 0 ? i + value.Slots.Length : i;
            return index >= 0 && index < value.Slots.Length
                ? value.Slots[(int)index]
                : throw new OnnxFormatException($"{node.Place} asks for column {i}; there are {value.Slots.Length}.");
        })];
        builder.Define(node.Outputs[0], new RowValue(slots), node.Place);
    }

    /// <summary>A table by code: its columns are looked up where they are read, and trees do without (<see cref="SetColumns.Read"/>).</summary>
    private static void GatherRows(ProgramBuilder builder, OnnxNode node, OnnxTensor table)
    {
        if (table.Dims.Length != 2 || table.Type == OnnxType.String)
        {
            throw new OnnxFormatException($"{node.Place} gathers rows of a constant of type {table.Type} and {table.Dims.Length} dimensions; supported are numbers of 2 dimensions.");
        }

        int rows = (int)table.Dims[0], width = (int)table.Dims[1];
        RowValue index = builder.Get(node, 1);
        ProgramBuilder.RequireNumbers(node, index);
        if (index.Slots.Length != 1 || !builder.Steps.OfType<LookupStep>().Any(s => s.To == index.Slots[0] && s.WritesIndexesBelow(rows)))
        {
            throw new OnnxFormatException($"{node.Place} gathers by what may lie outside of the constant's {rows} rows; supported are the codes of a LabelEncoder of text whose values are all 0 to {rows - 1}.");
        }

        builder.Keep((long)rows * width, node.Place);
        builder.Define(node.Outputs[0], new RowValue([.. Enumerable.Range(0, width).Select(column => builder.AddTable(
            new TableColumn(index.Slots[0], [.. Enumerable.Range(0, rows).Select(row => (float)table.Numbers[(row * width) + column])])))]), node.Place);
    }

    /// <summary>Keeps one row per input row: the target shape must be [-1, width] or the like.</summary>
    public static void Reshape(ProgramBuilder builder, OnnxNode node)
    {
        RowValue value = builder.GetUnread(node, 0);
        double[] shape = builder.Constant(node, 1).Numbers;
        double rest = shape.Skip(1).Where(d => d > 0).Aggregate(1.0, (a, b) => a * b);
        bool keepsRows = value.Constant is null && shape.Length is 1 or 2 or 3 && shape[0] is -1 or 0
            && (shape.Skip(1).Any(d => d < 0) || rest == value.Slots.Length);
        if (!keepsRows)
        {
            throw new OnnxFormatException($"{node.Place} makes shape [{string.Join(", ", shape.Take(8))}] of rows of {value.Slots.Length} columns; supported are shapes that keep one row per input row.");
        }

        builder.Define(node.Outputs[0], value, node.Place);
    }
}
