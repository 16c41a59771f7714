using System.Text.Json;
using ServerlessMlops.Learners.Onnx.Operators;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>
/// Turns a graph into a row program. Every value of a scoring graph has one row per input row, so values become columns of a workspace; only
/// nodes that the scores depend on are compiled.
/// </summary>
internal static class GraphCompiler
{
    public static ScoringModel Compile(OnnxFile file)
    {
        var builder = new ProgramBuilder();
        List<ModelInput> inputs = DefineInputs(file, builder);
        foreach (OnnxTensor constant in file.Initializers)
        {
            builder.Define(constant.Name, new RowValue([]) { Constant = constant }, $"Initializer '{constant.Name}'");
        }

        OnnxValue output = PickOutput(file);
        foreach (OnnxNode node in Needed(file, output.Name))
        {
            OperatorTable.Compile(builder, node);
        }

        RowValue scores = builder.Find(output.Name)
            ?? throw new OnnxFormatException($"Output '{output.Name}' is written by no node; expected it to be computed from the inputs.");
        if (scores.Constant is not null || scores.TextInput >= 0 || scores.Slots.Length == 0)
        {
            throw new OnnxFormatException($"Output '{output.Name}' is not a column of numbers; expected scores or values.");
        }

        (LearningTask task, string[] classes) = Describe(file, builder, scores.Slots.Length, output.Name);
        int[] outputs = task == LearningTask.Binary ? [scores.Slots[^1]] : scores.Slots;
        for (int i = 0; i < inputs.Count; i++)
        {
            inputs[i] = inputs[i] with { Categories = builder.Categories(i) };
        }

        return new ScoringModel(task, classes, inputs, [.. builder.Steps], builder.SlotCount, outputs, ReadMeans(file))
        {
            Threshold = OnnxDecisions.Threshold(file.Metadata, task), Interval = OnnxDecisions.Interval(file.Metadata, task),
        };
    }

    /// <summary>A tensor [N, w] becomes w inputs; text takes the column of its code.</summary>
    private static List<ModelInput> DefineInputs(OnnxFile file, ProgramBuilder builder)
    {
        var inputs = new List<ModelInput>();
        var constants = file.Initializers.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        foreach (OnnxValue value in file.Inputs.Where(v => !constants.Contains(v.Name)))
        {
            string place = $"Input '{value.Name}'";
            if (value.Type is null || value.Dims.Length is 0 or > 2)
            {
                throw new OnnxFormatException($"{place} is not a tensor of shape [N] or [N, columns]; those are what a scoring model takes.");
            }

            long width = value.Dims.Length == 1 ? 1 : value.Dims[1];
            if (width < 1 || width > 65_536)
            {
                throw new OnnxFormatException($"{place} has {(width < 0 ? "an unknown number of" : $"{width}")} columns; expected a fixed number from 1 to 65536.");
            }

            bool text = value.Type == OnnxType.String;
            int first = builder.Allocate((int)width, place);
            if (text && width > 1)
            {
                throw new OnnxFormatException($"{place} holds {width} columns of text; expected one input for each text column.");
            }

            for (int i = 0; i < width; i++)
            {
                inputs.Add(new ModelInput(width == 1 ? value.Name : $"{value.Name}[{i}]", text ? InputKind.Category : InputKind.Number));
            }

            builder.Define(value.Name, builder.Columns(first, (int)width) with { TextInput = text ? first : -1 }, place);
        }

        if (ReadNames(file, OnnxModel.InputsMetadata) is { } names)
        {
            if (names.Length != inputs.Count || names.Any(string.IsNullOrEmpty) || names.Distinct(StringComparer.Ordinal).Count() != names.Length)
            {
                throw new OnnxFormatException($"Metadata '{OnnxModel.InputsMetadata}' has {names.Length} names for {inputs.Count} columns; expected a distinct name for each.");
            }

            inputs = [.. inputs.Zip(names, (input, name) => input with { Name = name })];
        }

        return inputs.Count > 0 ? inputs : throw new OnnxFormatException("The graph has no inputs; expected at least one feature.");
    }

    /// <summary>The scores: the last output that is numbers, or the maps that ZipMap makes of them. Labels, which come first, are of no use here.</summary>
    private static OnnxValue PickOutput(OnnxFile file) =>
        file.Outputs.LastOrDefault(o => o.Type is null or OnnxType.Float or OnnxType.Double)
        ?? throw new OnnxFormatException("The graph has no output of numbers (probabilities or values); expected one. A classifier exported with labels only cannot be judged or monitored.");

    private static List<OnnxNode> Needed(OnnxFile file, string output)
    {
        var writers = new Dictionary<string, OnnxNode>(StringComparer.Ordinal);
        foreach (OnnxNode node in file.Nodes)
        {
            foreach (string name in node.Outputs)
            {
                writers[name] = node;
            }
        }

        var needed = new HashSet<OnnxNode>(ReferenceEqualityComparer.Instance);
        var queue = new Queue<string>([output]);
        while (queue.TryDequeue(out string? name))
        {
            if (writers.TryGetValue(name, out OnnxNode? node) && needed.Add(node))
            {
                foreach (string input in node.Inputs)
                {
                    queue.Enqueue(input);
                }
            }
        }

        return [.. file.Nodes.Where(needed.Contains)];
    }

    private static (LearningTask Task, string[] Classes) Describe(OnnxFile file, ProgramBuilder builder, int width, string output)
    {
        string[] classes = ReadNames(file, OnnxModel.ClassesMetadata) ?? builder.Classes ?? [];
        bool said = file.Metadata.TryGetValue(OnnxWriter.TaskKey, out string? name);
        if (!(said && Enum.TryParse(name, out LearningTask task)))
        {
            task = classes.Length == 0 ? LearningTask.Regression : classes.Length == 2 ? LearningTask.Binary : LearningTask.Multiclass;
        }

        bool fits = task switch
        {
            LearningTask.Regression => width == 1,
            LearningTask.Binary => width is 1 or 2 && classes.Length == 2,
            _ => width == classes.Length,
        };
        return fits
            ? (task, task == LearningTask.Regression ? [] : classes)
            : throw new OnnxFormatException($"Output '{output}' has {width} columns for a {task} model with {classes.Length} class names; expected one value, or a probability for each class.");
    }

    private static float[]? ReadMeans(OnnxFile file)
    {
        if (!file.Metadata.TryGetValue(OnnxWriter.MeansKey, out string? json))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<float[]>(json) is { } means && means.All(float.IsFinite)
                ? means
                : throw new OnnxFormatException($"Metadata '{OnnxWriter.MeansKey}' is not a JSON list of finite numbers.");
        }
        catch (JsonException e)
        {
            throw new OnnxFormatException($"Metadata '{OnnxWriter.MeansKey}' is not a JSON list of numbers: {e.Message}", e);
        }
    }

    private static string[]? ReadNames(OnnxFile file, string key)
    {
        if (!file.Metadata.TryGetValue(key, out string? json))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<string[]>(json);
        }
        catch (JsonException e)
        {
            throw new OnnxFormatException($"Metadata '{key}' is not a JSON list of names: {e.Message}", e);
        }
    }
}
