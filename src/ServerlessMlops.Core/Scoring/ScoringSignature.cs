using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Scoring;

/// <summary>What a column of a request is to the model.</summary>
public static class ColumnRole
{
    /// <summary>Not known to the model: ignored, with a warning.</summary>
    public const int Extra = -1;

    /// <summary>The key that joins predictions with labels: kept in the prediction log, not a feature.</summary>
    public const int Key = -2;

    /// <summary>The caller's id of the row: <c>inferenceId</c> or <c>inference_id</c>.</summary>
    public const int InferenceId = -3;

    /// <summary>The target, sent along with the features: ignored, with a warning of its own.</summary>
    public const int Target = -4;
}

/// <summary>
/// A model's inputs made ready for requests: names and categories by their UTF-8 bytes, and the feature value of every category, so that the
/// hot path looks up and stores. Made once per model; immutable.
/// </summary>
public sealed class ScoringSignature
{
    /// <summary>The code of a category that is missing.</summary>
    public const int MissingCategory = -1;

    /// <summary>The code of a category that training did not see.</summary>
    public const int UnknownCategory = -2;

    private readonly Utf8Table _columns;
    private readonly int[] _roles;
    private readonly Utf8Table?[] _categories;
    private readonly float[][] _categoryValues;
    private readonly float[] _unknownValues;
    private readonly float[] _missingValues;
    private readonly int[] _categorySlots;
    private readonly ColumnScoringSpec[] _policies;
    private readonly bool[] _required;
    private readonly float[] _emptiest;

    /// <summary>The signature of a model with that card.</summary>
    /// <param name="card">The card.</param>
    /// <param name="predictor">The model.</param>
    /// <param name="rules">What becomes of what does not fit; null for what is usual.</param>
    /// <exception cref="InvalidDataException">The card's inputs are not those of the model.</exception>
    public ScoringSignature(ModelCard card, IRowPredictor predictor, ScoringRules? rules = null)
    {
        if (card.Inputs.Count != predictor.FeatureCount)
        {
            throw new InvalidDataException(
                $"The card of pipeline '{card.Pipeline}' lists {card.Inputs.Count} inputs and its model takes {predictor.FeatureCount}; they are not of one training. " +
                "Roll back to a version whose card and model belong together, or train again.");
        }

        if (predictor.FeatureNames is { } known && !known.SequenceEqual(card.Inputs.Select(i => i.Name), StringComparer.Ordinal))
        {
            throw new InvalidDataException(
                $"The card of pipeline '{card.Pipeline}' lists the inputs {string.Join(", ", card.Inputs.Select(i => i.Name))} and its model takes {string.Join(", ", known)}. " +
                "Roll back to a version whose card and model belong together, or train again.");
        }

        Card = card;
        Rules = rules ?? ScoringRules.Default;
        _policies = [.. card.Inputs.Select(i => Rules.Of(i.Name))];
        OutputTensors = OpenInference.InferenceWriter.OutputsOf(card, Rules);
        int width = card.Inputs.Count;
        var names = new List<string>(width + 4);
        var found = new List<int>(width + 4);
        for (int i = 0; i < width; i++)
        {
            names.Add(card.Inputs[i].Name);
            found.Add(i);
        }

        // The first position of a name counts, so a model that was trained on a column of one of these names keeps it as a feature.
        (string? Name, int Role)[] besides =
            [(card.Key, ColumnRole.Key), ("inferenceId", ColumnRole.InferenceId), ("inference_id", ColumnRole.InferenceId), (card.Target, ColumnRole.Target)];
        foreach ((string? name, int role) in besides)
        {
            if (name is not null)
            {
                names.Add(name);
                found.Add(role);
            }
        }

        _columns = new Utf8Table(names);
        _roles = [.. found];
        _categories = new Utf8Table?[width];
        _categoryValues = new float[width][];
        _unknownValues = new float[width];
        _missingValues = new float[width];
        _categorySlots = new int[width];
        Array.Fill(_categorySlots, NoSlot);
        for (int i = 0; i < width; i++)
        {
            FeatureSignature input = card.Inputs[i];
            _categoryValues[i] = [];
            _missingValues[i] = float.NaN;
            if (input.Kind == FeatureKind.Category)
            {
                var table = new Utf8Table(input.Categories);
                _categorySlots[i] = CategoryCount++;
                _categories[i] = table;
                _categoryValues[i] = new float[table.Count];
                for (int c = 0; c < table.Count; c++)
                {
                    _categoryValues[i][c] = predictor.EncodeCategory(i, table[c]);
                }

                _unknownValues[i] = predictor.EncodeCategory(i, UnseenName);
                _missingValues[i] = predictor.EncodeMissingCategory(i);
            }
        }

        (_required, _emptiest) = RequiredInputs.Of(predictor, _missingValues, [.. Enumerable.Range(0, width).Select(Present)]);
        for (int i = 0; i < width; i++)
        {
            _policies[i] = _required[i] ? Insisting(_policies[i]) : _policies[i];
        }

        WatchesNulls = _policies.Any(p => p.OnNull != NullPolicy.Accept);
    }

    /// <summary>The model's card.</summary>
    public ModelCard Card { get; }

    /// <summary>What becomes of what does not fit.</summary>
    public ScoringRules Rules { get; }

    /// <summary>The outputs that an Open Inference Protocol answer has.</summary>
    public IReadOnlyList<string> OutputTensors { get; }

    /// <summary>Whether any input wants to know of missing values.</summary>
    internal bool WatchesNulls { get; }

    /// <summary>What holds for an input.</summary>
    internal ColumnScoringSpec PolicyOf(int input) => _policies[input];

    /// <summary>Whether the model has no answer without an input: then a missing value is an error, whatever the rules say.</summary>
    public bool IsRequired(int input) => _required[input];

    /// <summary>The feature value that warms a model up: that of a missing value, or of one that is there where the model has no answer without.</summary>
    internal float Emptiest(int input) => _emptiest[input];

    /// <summary>Number of inputs.</summary>
    public int Width => _missingValues.Length;

    /// <summary>Number of inputs that are categories.</summary>
    public int CategoryCount { get; private set; }

    private const int NoSlot = -1;

    // No category of a table read from text is this: it holds a control character.
    private static ReadOnlySpan<byte> UnseenName => "\u0001unseen"u8;

    // A feature value that is not missing: a category that the model knows; NaN for a number, of which any will do.
    private float Present(int input) => _categories[input] is null ? float.NaN : _categoryValues[input] is [float first, ..] ? first : _unknownValues[input];

    // Nothing may be scored as missing.
    private static ColumnScoringSpec Insisting(ColumnScoringSpec policy) => policy with
    {
        OnNull = NullPolicy.Reject,
        OnMissing = UnfitPolicy.Reject,
        OnWrongType = UnfitPolicy.Reject,
        OnUnknown = policy.OnUnknown == UnknownPolicy.Missing ? UnknownPolicy.Reject : policy.OnUnknown,
    };

    /// <summary>What a column of that name is: an input's position, or one of <see cref="ColumnRole"/>.</summary>
    public int RoleOf(ReadOnlySpan<byte> name)
    {
        int found = _columns.Find(name);
        return found == Utf8Table.NotFound ? ColumnRole.Extra : _roles[found];
    }

    /// <summary>Whether an input is a category.</summary>
    public bool IsCategory(int input) => _categories[input] is not null;

    /// <summary>The position of an input among the categories; -1 where it is a number.</summary>
    public int CategorySlot(int input) => _categorySlots[input];

    /// <summary>The feature value of a missing value.</summary>
    public float Missing(int input) => _missingValues[input];

    /// <summary>Looks up a category by its name.</summary>
    /// <param name="input">The input.</param>
    /// <param name="name">The name in UTF-8.</param>
    /// <param name="value">Its feature value; that of unknown ones where training did not see it.</param>
    /// <returns>Its position in the signature's categories, or <see cref="UnknownCategory"/>.</returns>
    public int FindCategory(int input, ReadOnlySpan<byte> name, out float value)
    {
        int found = _categories[input]!.Find(name);
        if (found == Utf8Table.NotFound)
        {
            value = _unknownValues[input];
            return UnknownCategory;
        }

        value = _categoryValues[input][found];
        return found;
    }
}
