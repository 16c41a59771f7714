using System.Globalization;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Training;

/// <summary>A model that was made elsewhere: whether it answers the pipeline's question from the pipeline's columns.</summary>
public static class IncomingModel
{
    private const int MaxNameLength = 64;

    /// <summary>Where one is dropped, below the pipeline's folder in the models container.</summary>
    public const string Folder = "incoming";

    /// <summary>What a candidate of a file is called: <c>incoming-</c> and the file's name, with what has no place in a path replaced.</summary>
    public static string CandidateName(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        string stem = file.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? file[..^5] : file;
        string clean = new([.. stem.Take(MaxNameLength).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]);
        return $"{Folder}-{clean}";
    }

    /// <summary>
    /// Reads a model and, where its file names nothing, names its columns and classes by their order, as the converters of scikit-learn, xgboost and lightgbm leave
    /// them: one matrix of as many columns as the pipeline has features (or features that are numbers), class labels 0, 1, 2 ... The names are added to the
    /// file's metadata, so that it is served like any other.
    /// </summary>
    /// <param name="onnx">The file.</param>
    /// <param name="data">The pipeline's data: classes, features.</param>
    /// <returns>The file as it will be kept, the model that it holds, and what was named by order, in words.</returns>
    /// <exception cref="OnnxFormatException">It is no model that can be scored with.</exception>
    public static (ReadOnlyMemory<byte> Onnx, ScoringModel Model, string? ByOrder) Read(ReadOnlyMemory<byte> onnx, TrainingData data)
    {
        ScoringModel model = OnnxModel.Load(onnx);
        string[]? inputs = InputsByOrder(model, data), classes = ClassesByOrder(model, data);
        if (inputs is null && classes is null)
        {
            return (onnx, model, null);
        }

        byte[] named = OnnxModel.WithNames(onnx, inputs, classes);
        string[] notes =
        [
            .. inputs is null ? [] : (string[])[$"its columns were taken to be {List(inputs)}, in that order"],
            .. classes is null ? [] : (string[])[$"its classes 0, 1 ... were taken to be {List(classes)}"],
        ];
        return (named, OnnxModel.Load(named), string.Join("; ", notes));
    }

    /// <summary>The features that the columns of a model's one matrix stand for: all, or all numbers, if there are as many; null where names or numbers say otherwise.</summary>
    private static string[]? InputsByOrder(ScoringModel model, TrainingData data)
    {
        Feature[] numbers = [.. data.Train.Features.Features.Where(f => f.Kind == InputKind.Number)];
        return MatrixOf(model) is not null && numbers.Length == model.Inputs.Count ? [.. numbers.Select(f => f.Name)] : null;
    }

    private static string[]? ClassesByOrder(ScoringModel model, TrainingData data) =>
        model.Task == data.Task && model.Classes.Count == data.Classes.Count && !model.Classes.SequenceEqual(data.Classes)
        && model.Classes.Select((name, number) => name == number.ToString(CultureInfo.InvariantCulture)).All(isNumber => isNumber)
            ? [.. data.Classes]
            : null;

    /// <summary>Name of the matrix that is the model's only input; null where it has others, or names for its columns.</summary>
    private static string? MatrixOf(ScoringModel model)
    {
        string first = model.Inputs[0].Name, suffix = "[0]";
        if (!first.EndsWith(suffix, StringComparison.Ordinal))
        {
            return null;
        }

        string name = first[..^suffix.Length];
        return model.Inputs.Select((input, i) => input.Kind == InputKind.Number && input.Name == string.Create(CultureInfo.InvariantCulture, $"{name}[{i}]")).All(fits => fits) ? name : null;
    }

    /// <summary>All that keeps the model from serving the pipeline, each a sentence; empty if it may be judged.</summary>
    /// <param name="model">The model, read.</param>
    /// <param name="data">The pipeline's data: task, classes, features.</param>
    public static IReadOnlyList<string> Faults(ScoringModel model, TrainingData data)
    {
        var faults = new List<string>();
        if (model.Task != data.Task)
        {
            faults.Add($"It is a {Word(model.Task)} model; the pipeline's task is {Word(data.Task)}.");
        }
        else if (!model.Classes.SequenceEqual(data.Classes))
        {
            faults.Add(
                $"Its classes are {List(model.Classes)}; the pipeline's are {List(data.Classes)}, in that order. Export it with these class labels, or name them in its metadata as a JSON list under '{OnnxModel.ClassesMetadata}'.");
        }

        var features = data.Train.Features.Features.ToDictionary(f => f.Name, StringComparer.Ordinal);
        if (MatrixOf(model) is { } matrix && !features.ContainsKey(model.Inputs[0].Name))
        {
            string[] numbers = [.. features.Values.Where(f => f.Kind == InputKind.Number).Select(f => f.Name)];
            string[] categories = [.. features.Values.Where(f => f.Kind == InputKind.Category).Select(f => f.Name)];
            faults.Add(
                $"Its input '{matrix}' is a matrix of {model.Inputs.Count} unnamed columns; the pipeline has {numbers.Length} feature(s) that are numbers: {List(numbers)}"
                + (categories.Length > 0 ? $", and {categories.Length} that are categories ({List(categories)}), whose numbering the file does not tell" : "")
                + $". Train on the numbers in that order, name the columns in its metadata as a JSON list under '{OnnxModel.InputsMetadata}', or export it with one input of shape [N, 1] for each column, by its name.");
            return faults;
        }

        foreach (ModelInput input in model.Inputs)
        {
            if (!features.TryGetValue(input.Name, out Feature? feature))
            {
                faults.Add($"Its input '{input.Name}' is no feature of the pipeline; those are {List([.. features.Keys])}. Export it with one input of shape [N, 1] for each column, by its name.");
            }
            else if (feature.Kind != input.Kind)
            {
                faults.Add($"Its input '{input.Name}' is a {Word(input.Kind)}; the pipeline's column is a {Word(feature.Kind)}.");
            }
        }

        return faults.Count > 0 ? faults : [.. RequiredInputs.Of(model).Select(name => MissingFault(name, data)).OfType<string>()];
    }

    // Rows that the model has no answer to could not be judged here, and their like would be sent to it.
    private static string? MissingFault(string input, TrainingData data)
    {
        Feature[] columns = [.. new[] { data.Train, data.Holdout }.SelectMany(rows => rows.Features.Features).Where(f => f.Name == input)];
        int missing = columns.Sum(column => column switch
        {
            NumericFeature number => number.Values.Count(float.IsNaN),
            CategoricalFeature category => category.Codes.Count(code => code < 0),
            _ => 0,
        });
        return missing == 0 ? null
            : $"It has no answer where its input '{input}' is missing, as in {missing} of the pipeline's {data.Train.Labels.Length + data.Holdout.Labels.Length} rows. Add an imputer before "
            + $"exporting it, or keep such rows out of the data (expect: [{{column: {input}, notNull: true}}]).";
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string List(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names.Take(20)) + (names.Count > 20 ? ", ..." : "");
}
