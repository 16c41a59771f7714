namespace ServerlessMlops.Core.Monitoring;

/// <summary>How a check ended.</summary>
public enum MonitorVerdict
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Something moved, less than what counts as large.</summary>
    Warning,

    /// <summary>Large and significant.</summary>
    Alarm,

    /// <summary>Too few rows to tell.</summary>
    InsufficientEvidence,
}

/// <summary>What a check is about.</summary>
public enum MonitorKind
{
    /// <summary>An input is distributed otherwise than in training.</summary>
    DataDrift,

    /// <summary>The model's answers are distributed otherwise than on the hold-out.</summary>
    PredictionDrift,

    /// <summary>Many inputs drift at once.</summary>
    DatasetDrift,

    /// <summary>Missing values, unknown categories, values out of range.</summary>
    DataQuality,

    /// <summary>Share of requests answered.</summary>
    Availability,

    /// <summary>Share of requests answered in time.</summary>
    Latency,

    /// <summary>How good the model is estimated to be, before labels are known.</summary>
    EstimatedPerformance,

    /// <summary>How good the model is, by labels.</summary>
    Performance,

    /// <summary>Whether there is traffic at all.</summary>
    Traffic,

    /// <summary>Whether what the model learned still holds: its loss over time, by labels.</summary>
    ConceptDrift,

    /// <summary>Whether the model is as good for each group of a sensitive column, by labels.</summary>
    Fairness,

    /// <summary>Whether probabilities come true as often as they say: what estimates before labels rest on.</summary>
    Calibration,

    /// <summary>What decisions were worth.</summary>
    Value,

    /// <summary>Whether labels come.</summary>
    Labels,

    /// <summary>Whether the model still decides by the inputs that it decided by in training.</summary>
    AttributionDrift,

    /// <summary>Whether data, traffic, labels and models worth registering still come.</summary>
    Staleness,
}

/// <summary>One check of a live model: the verdict and what it rests on.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Subject">The feature, metric or objective.</param>
/// <param name="Verdict">How it ended.</param>
/// <param name="Rows">Rows or requests that it rests on.</param>
/// <param name="Effect">Size of the effect, on the check's own scale; null where nothing was measured.</param>
/// <param name="Threshold">The effect from which it is large.</param>
/// <param name="PValue">Probability of such an effect by chance; null where none was computed.</param>
/// <param name="CorrectedPValue">The same, corrected for the number of checks in this report (Benjamini-Hochberg).</param>
/// <param name="Sentence">All that in words. No row values.</param>
public sealed record MonitorFinding(
    MonitorKind Kind, string Subject, MonitorVerdict Verdict, long Rows, double? Effect, double Threshold, double? PValue, double? CorrectedPValue, string Sentence)
{
    /// <summary>Further measures of the same, by name; they inform and do not decide.</summary>
    public IReadOnlyDictionary<string, double> Measures { get; init; } = new Dictionary<string, double>();
}

/// <summary>Everything that one check of a live model found.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The model version.</param>
/// <param name="From">Begin of the window that was compared.</param>
/// <param name="Until">Its end, exclusive.</param>
/// <param name="Predictions">Rows predicted in it.</param>
/// <param name="Requests">Requests answered in it.</param>
/// <param name="Alpha">Corrected p-value up to which a finding is significant.</param>
/// <param name="Findings">All checks, those that are well included.</param>
public sealed record MonitorReport(
    string Pipeline, int Version, DateTimeOffset From, DateTimeOffset Until, long Predictions, long Requests, double Alpha, IReadOnlyList<MonitorFinding> Findings)
{
    /// <summary>What the next check has to know of this one; null in reports of older builds.</summary>
    public MonitorMemory? Memory { get; init; }

    /// <summary>The gravest verdict; insufficient evidence only where no check could tell.</summary>
    public MonitorVerdict Verdict =>
        Findings.Any(f => f.Verdict == MonitorVerdict.Alarm) ? MonitorVerdict.Alarm
        : Findings.Any(f => f.Verdict == MonitorVerdict.Warning) ? MonitorVerdict.Warning
        : Findings.Any(f => f.Verdict == MonitorVerdict.Ok) ? MonitorVerdict.Ok
        : MonitorVerdict.InsufficientEvidence;
}
