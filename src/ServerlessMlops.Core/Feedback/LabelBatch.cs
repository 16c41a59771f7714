namespace ServerlessMlops.Core.Feedback;

/// <summary>A label: what came true, and when that was known.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="At">When it was known: the file's own timestamp, else when the file arrived. Of two labels of one prediction the later counts.</param>
public sealed record Label(string Text, DateTimeOffset At)
{
    /// <summary>
    /// How many predictions it stands for where its row was picked for labelling: the inverse of the chance of that; 0 where it was picked because it looked hard and
    /// says nothing of others. 1 where nothing is said.
    /// </summary>
    public double Weight { get; init; } = 1;

    /// <summary>Whether a prediction of this label was found; set by the joiner.</summary>
    public bool IsMatched { get; set; }
}

/// <summary>The labels of one file, by what they join with.</summary>
public sealed class LabelBatch
{
    private readonly Dictionary<string, Label> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Label> _byKey = new(StringComparer.Ordinal);

    /// <summary>Rows that named a prediction and a label.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows that said of a prediction what another row of the file had said.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Rows that said otherwise than another row of the file; the later one counts.</summary>
    public long Corrected { get; private set; }

    /// <summary>Rows without a label or without anything to join with.</summary>
    public long Incomplete { get; set; }

    /// <summary>Labels whose prediction was not found (yet).</summary>
    public int Unknown => _byId.Values.Concat(_byKey.Values).Count(label => !label.IsMatched);

    /// <summary>Different predictions or keys that are labelled.</summary>
    public int Count => _byId.Count + _byKey.Count;

    /// <summary>The inference ids that are labelled.</summary>
    public IReadOnlyCollection<string> Ids => _byId.Keys;

    /// <summary>Whether any label joins by key, or by an id that a caller made, which do not say in which hour to look.</summary>
    public bool HasKeys => _byKey.Count > 0;

    /// <summary>Adds a label.</summary>
    /// <param name="inferenceId">The prediction, or null.</param>
    /// <param name="key">The pipeline's key, where there is no inference id.</param>
    /// <param name="label">The label.</param>
    public void Add(string? inferenceId, string? key, Label label)
    {
        Rows++;
        (Dictionary<string, Label> labels, string name) = inferenceId is null ? (_byKey, key!) : (_byId, inferenceId);
        if (labels.TryGetValue(name, out Label? known))
        {
            if (known.Text == label.Text)
            {
                Duplicates++;
            }
            else
            {
                Corrected++;
            }

            if (label.At < known.At)
            {
                return;
            }
        }

        labels[name] = label;
    }

    /// <summary>The label of a prediction, or null: by its inference id, else by its key.</summary>
    public Label? Find(string inferenceId, string? key) =>
        _byId.TryGetValue(inferenceId, out Label? label) || (key is not null && _byKey.TryGetValue(key, out label)) ? label : null;
}
