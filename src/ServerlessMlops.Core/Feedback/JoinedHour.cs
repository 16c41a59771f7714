namespace ServerlessMlops.Core.Feedback;

/// <summary>
/// Which label each logged prediction of one hour has. Counts are worked out from this and the log, whole, each time: so a label that comes twice
/// changes nothing, and one that is corrected replaces the one before.
/// </summary>
public sealed class JoinedHour
{
    /// <summary>Grows with each change; counts made of an older state never replace those of a newer.</summary>
    public long Revision { get; set; }

    /// <summary>
    /// How many cuts have been made through the hour's labels for rows to learn from (<see cref="LabelledExport"/>): a label that comes belongs to the cut after, and a cut that is
    /// made gets no more.
    /// </summary>
    public long Cut { get; set; }

    /// <summary>Labels by file of the log (<c>{instance}-{n}</c>). A file without labels is not in it.</summary>
    public Dictionary<string, JoinedSegment> Segments { get; init; } = new(StringComparer.Ordinal);
}

/// <summary>The labels of one file of the prediction log, by row.</summary>
public sealed class JoinedSegment
{
    /// <summary>The label of each row, as <see cref="OutcomeTally.Understand"/> gives it; NaN where none has come.</summary>
    public required double[] Labels { get; init; }

    /// <summary>When each was known, in seconds since 1970.</summary>
    public required long[] Times { get; init; }

    /// <summary>How many predictions each stands for (<see cref="Label.Weight"/>); null where each stands for itself.</summary>
    public double[]? Weights { get; init; }

    /// <summary>The cut (<see cref="JoinedHour.Cut"/>) that each belongs to; null where all belong to the first.</summary>
    public long[]? Cuts { get; init; }

    /// <summary>The cut that a row's label belongs to; 0 where it has none.</summary>
    public long CutOf(int row) => row >= Labels.Length || double.IsNaN(Labels[row]) ? 0 : Cuts?[row] ?? 1;
}

/// <summary>What one pass over an hour found.</summary>
/// <param name="New">Predictions that got their first label.</param>
/// <param name="Corrected">Predictions whose label was replaced by another.</param>
/// <param name="Repeated">Predictions that had the label already, or a later one.</param>
/// <param name="NotUnderstood">Labels that are no class or value of the model.</param>
public sealed record JoinTally(long New, long Corrected, long Repeated, long NotUnderstood)
{
    /// <summary>Predictions that had the label already and stand for more others than was known.</summary>
    public long Weighed { get; init; }

    /// <summary>Whether anything of the state is other than before.</summary>
    public bool IsChange => New + Corrected + Weighed > 0;

    /// <summary>Nothing.</summary>
    public static JoinTally None { get; } = new(0, 0, 0, 0);

    /// <summary>Both together.</summary>
    public JoinTally Plus(JoinTally other) =>
        new(New + other.New, Corrected + other.Corrected, Repeated + other.Repeated, NotUnderstood + other.NotUnderstood) { Weighed = Weighed + other.Weighed };
}
