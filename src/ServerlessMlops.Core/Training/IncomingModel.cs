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

        return faults;
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string List(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names.Take(20)) + (names.Count > 20 ? ", ..." : "");
}
