using ServerlessMlops.Learners.Onnx.Steps;

namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>Categories to numbers.</summary>
internal static class CategoryOperators
{
    /// <summary>Keys to values: text to number by category code, number to number by exact match.</summary>
    public static void LabelEncoder(ProgramBuilder builder, OnnxNode node)
    {
        RowValue value = builder.Get(node, 0);
        (float[] values, float otherwise) = Values(node);
        int start = builder.Allocate(value.Slots.Length, node.Place);
        if (value.TextInput >= 0)
        {
            string[] keys = node.Strings("keys_strings");
            RequirePairs(node, keys.Length, values.Length);
            builder.Steps.Add(Lookup(builder, value, keys, values, otherwise, start, node.Place));
        }
        else
        {
            ProgramBuilder.RequireNumbers(node, value);
            float[] keys = node.Floats("keys_floats") is { Length: > 0 } floats ? floats : [.. node.Ints("keys_int64s").Select(i => (float)i)];
            RequirePairs(node, keys.Length, values.Length);
            var map = new Dictionary<float, float>();
            float forNaN = otherwise;
            for (int i = 0; i < keys.Length; i++)
            {
                forNaN = float.IsNaN(keys[i]) ? values[i] : forNaN;
                map.TryAdd(keys[i], values[i]);
            }

            for (int c = 0; c < value.Slots.Length; c++)
            {
                builder.Steps.Add(new NumberMapStep(map, otherwise, forNaN, value.Slots[c], start + c));
            }
        }

        builder.Define(node.Outputs[0], builder.Columns(start, value.Slots.Length), node.Place);
    }

    /// <summary>One column for each category, 1 in that of the row's; none for an unknown one.</summary>
    public static void OneHotEncoder(ProgramBuilder builder, OnnxNode node)
    {
        if (node.Int("zeros", 1) == 0)
        {
            throw new OnnxFormatException($"{node.Place} fails on unknown categories (zeros = 0), which would fail a whole request; export it with zeros = 1 (handle_unknown='ignore').");
        }

        RowValue value = builder.Get(node, 0);
        string[] names = node.Strings("cats_strings");
        long[] numbers = node.Ints("cats_int64s");
        bool text = value.TextInput >= 0;
        int count = text ? names.Length : numbers.Length;
        builder.Keep((long)value.Slots.Length * count, node.Place);
        int width = value.Slots.Length * count;
        int start = builder.Allocate(width, node.Place);
        for (int c = 0; c < value.Slots.Length; c++)
        {
            var hot = new Dictionary<float, int>(count);
            int missing = -1;
            for (int i = 0; i < count; i++)
            {
                if (text && names[i].Length == 0)
                {
                    missing = i;
                }
                else
                {
                    hot[text ? builder.CategoryCode(value.TextInput, names[i]) : numbers[i]] = i;
                }
            }

            builder.Steps.Add(new OneHotStep(hot, count, missing, value.Slots[c], start + (c * count)));
        }

        builder.Define(node.Outputs[0], builder.Columns(start, width), node.Place);
    }

    /// <summary>A table over the codes of a text input. The empty string is the missing category.</summary>
    private static LookupStep Lookup(ProgramBuilder builder, RowValue value, string[] keys, float[] values, float otherwise, int to, string place)
    {
        var table = new List<float>();
        float missing = otherwise;
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i].Length == 0)
            {
                missing = values[i];
                continue;
            }

            int code = builder.CategoryCode(value.TextInput, keys[i]);
            if (table.Count <= code)
            {
                builder.Keep(code + 1 - table.Count, place);
                table.AddRange(Enumerable.Repeat(otherwise, code + 1 - table.Count));
            }

            table[code] = values[i];
        }

        return new LookupStep([.. table], otherwise, missing, value.Slots[0], to);
    }

    private static (float[] Values, float Otherwise) Values(OnnxNode node)
    {
        if (node.Floats("values_floats") is { Length: > 0 } floats)
        {
            return (floats, node.Float("default_float", 0));
        }

        if (node.Ints("values_int64s") is { Length: > 0 } ints)
        {
            return ([.. ints.Select(i => (float)i)], node.Int("default_int64", -1));
        }

        throw new OnnxFormatException($"{node.Place} has no values_floats or values_int64s; encoding to text is not supported.");
    }

    private static void RequirePairs(OnnxNode node, int keys, int values)
    {
        if (keys != values || keys == 0)
        {
            throw new OnnxFormatException($"{node.Place} has {keys} keys of its input's kind and {values} values; expected as many of each.");
        }
    }
}
