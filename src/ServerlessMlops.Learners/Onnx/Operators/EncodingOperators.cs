using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>Preprocessing of numbers, and the naming of probabilities.</summary>
internal static class EncodingOperators
{
    /// <summary>Maps from class to probability are for people; here the probabilities go on, and the names are kept.</summary>
    public static void ZipMap(ProgramBuilder builder, OnnxNode node)
    {
        builder.Classes ??= ClassLabels.Read(node, "classlabels_int64s", "classlabels_strings");
        builder.Define(node.Outputs[0], builder.Get(node, 0), node.Place);
    }

    /// <summary><c>(x - offset) * scale</c>.</summary>
    public static void Scaler(ProgramBuilder builder, OnnxNode node)
    {
        PerColumn(builder, node, node.Floats("offset"), node.Floats("scale"), (x, offset, scale) => (x - offset) * scale, "offset", "scale");
    }

    /// <summary>Replaces one value, usually NaN, by a constant for each column.</summary>
    public static void Imputer(ProgramBuilder builder, OnnxNode node)
    {
        float replaced = node.Attributes.ContainsKey("replaced_value_int64") ? node.Int("replaced_value_int64", 0) : node.Float("replaced_value_float", 0);
        float[] by = node.Floats("imputed_value_floats") is { Length: > 0 } floats ? floats : [.. node.Ints("imputed_value_int64s").Select(i => (float)i)];
        PerColumn(builder, node, by, by, float.IsNaN(replaced) ? (x, b, _) => float.IsNaN(x) ? b : x : (x, b, _) => x == replaced ? b : x, "imputed values", "imputed values");
    }

    /// <summary>1 above the threshold, else 0.</summary>
    public static void Binarizer(ProgramBuilder builder, OnnxNode node)
    {
        float[] threshold = [node.Float("threshold", 0)];
        PerColumn(builder, node, threshold, threshold, (x, t, _) => x > t ? 1 : 0, "thresholds", "thresholds");
    }

    /// <summary>Divides a row by its largest absolute value (MAX), its sum of absolute values (L1) or its length (L2); a row of zeros stays.</summary>
    public static void Normalizer(ProgramBuilder builder, OnnxNode node)
    {
        string norm = node.String("norm", "MAX");
        Func<float, float, float> add = norm switch
        {
            "MAX" => (sum, x) => MathF.Max(sum, x),
            "L1" => (sum, x) => sum + MathF.Abs(x),
            "L2" => (sum, x) => sum + (x * x),
            _ => throw new OnnxFormatException($"{node.Place} has norm {norm}; expected MAX, L1 or L2."),
        };
        RowValue value = builder.Get(node, 0);
        ProgramBuilder.RequireNumbers(node, value);
        int width = value.Slots.Length, start = builder.Allocate(width, node.Place);
        builder.Steps.Add(new CopyStep(value.Slots, start));
        builder.Steps.Add(new RowWiseStep(
            (row, stride, columns) =>
            {
                float sum = norm == "MAX" ? float.NegativeInfinity : 0;
                for (int c = 0; c < columns; c++)
                {
                    sum = add(sum, row[c * stride]);
                }

                sum = norm == "L2" ? MathF.Sqrt(sum) : sum;
                for (int c = 0; c < columns && sum != 0; c++)
                {
                    row[c * stride] /= sum;
                }
            },
            start, width));
        builder.Define(node.Outputs[0], builder.Columns(start, width), node.Place);
    }

    /// <summary>A formula of each column and its constants; one constant serves all columns.</summary>
    private static void PerColumn(ProgramBuilder builder, OnnxNode node, float[] first, float[] second, MapStep.Formula formula, string firstName, string secondName)
    {
        RowValue value = builder.Get(node, 0);
        ProgramBuilder.RequireNumbers(node, value);
        int width = value.Slots.Length;
        int[] b = Constants(first, firstName), c = Constants(second, secondName);
        int start = builder.Allocate(width, node.Place);
        builder.Steps.Add(new MapStep(formula, value.Slots, b, c, start));
        builder.Define(node.Outputs[0], builder.Columns(start, width), node.Place);

        int[] Constants(float[] numbers, string name)
        {
            if (numbers.Length != 1 && numbers.Length != width)
            {
                throw new OnnxFormatException($"{node.Place} has {numbers.Length} {name} for {width} columns; expected one, or one for each.");
            }

            int at = builder.Allocate(numbers.Length, node.Place);
            builder.Steps.Add(new ConstantStep(numbers, at));
            return [.. Enumerable.Range(0, width).Select(i => at + (numbers.Length == 1 ? 0 : i))];
        }
    }
}
