using System.Globalization;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>How numbers and distributions stand in a card: their text, and the heights of small charts.</summary>
internal static class CardFigures
{
    /// <summary>A curve as heights from a twentieth to one.</summary>
    public static double[]? Heights(IReadOnlyList<InfluencePoint> curve)
    {
        if (curve.Count == 0)
        {
            return null;
        }

        double low = curve.Min(p => p.Outputs[^1]), span = curve.Max(p => p.Outputs[^1]) - low;
        return [.. curve.Select(p => span > 0 ? 0.05 + (0.95 * (p.Outputs[^1] - low) / span) : 0.5)];
    }

    /// <summary>The range of a feature, or its most frequent categories.</summary>
    public static string Values(FeatureGroups groups) => groups.Kind == FeatureKind.Number
        ? groups is { Min: { } min, Max: { } max } ? $"{Value(min)} to {Value(max)}" : "no values"
        : groups.Categories.Count == 0 ? "no values" : $"{string.Join(", ", groups.Categories.Take(4))}{(groups.Categories.Count > 4 ? $" and {groups.Categories.Count - 4} more" : "")}";

    /// <summary>Heights of a small chart. Groups of a number hold about equal counts, so a height is the count over the group's width: the density.</summary>
    public static double[] Shape(FeatureGroups groups)
    {
        if (groups.Kind == FeatureKind.Category)
        {
            return [.. groups.Counts.Take(groups.Categories.Count + 1).Select(c => (double)c)];
        }

        if (groups.Min is not { } min || groups.Max is not { } max || max <= min)
        {
            return [];
        }

        const int Columns = 24;
        double[] ends = [min, .. groups.Edges, max];
        return
        [
            .. Enumerable.Range(0, Columns).Select(i =>
            {
                double low = min + ((max - min) * i / Columns), high = min + ((max - min) * (i + 1) / Columns);
                return Enumerable.Range(0, groups.Edges.Count + 1).Sum(g =>
                {
                    double width = Math.Max(ends[g + 1] - ends[g], (max - min) / 1e6);
                    return groups.Counts[g] * Math.Max(0, Math.Min(high, Math.Max(ends[g + 1], ends[g] + width)) - Math.Max(low, ends[g])) / width;
                });
            }),
        ];
    }

    /// <summary>Share of missing values, 0 to 1.</summary>
    public static double Missing(FeatureGroups groups) => groups.Counts.Sum() is var all && all > 0 ? (double)groups.Counts[groups.MissingGroup] / all : 0;

    /// <summary>Whether a metric reads as a share of what can be had.</summary>
    public static bool IsShare(string metric) => metric is "auc" or "pr_auc" or "accuracy" or "f1" or "r2";

    /// <summary>What a metric says, in half a sentence; empty where it is not known here.</summary>
    public static string Meaning(string metric) => metric switch
    {
        "auc" => "how often a positive row is ranked above a negative one; 0.5 is guessing, 1 is always",
        "pr_auc" => "precision averaged over all recalls; compare it with the share of positives",
        "lift" => "positives among the top tenth, as a multiple of a random tenth",
        "log_loss" => "surprise at the truth; smaller is better, and sure mistakes cost most",
        "brier" => "squared distance of probabilities from the truth; smaller is better",
        "ece" => "how far probabilities are from frequencies on average; 0 is calibrated",
        "accuracy" => "share of right decisions",
        "f1" => "balance of precision and recall",
        "mcc" => "agreement of decisions with the truth; 0 is chance, 1 is perfect",
        "rmse" => "typical error in the target's unit, large ones weighing more",
        "mae" => "average error in the target's unit",
        "mape" => "average error as a share of the truth",
        "r2" => "share of the target's variation that is explained",
        _ => "",
    };

    /// <summary>A measured number, to the digits that matter.</summary>
    public static string Value(double value) => value.ToString(Math.Abs(value) is >= 1000 or 0 ? "0.##" : Math.Abs(value) >= 1 ? "0.###" : "0.####", CultureInfo.InvariantCulture);

    /// <summary>A count.</summary>
    public static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A time, with its zone.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";

    /// <summary>How long something took: "0.8 s", "42 s", "3 min", "2 h 10 min".</summary>
    public static string Duration(TimeSpan time) => time.TotalSeconds switch
    {
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        < 7200 => $"{(int)time.TotalMinutes} min",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };

    /// <summary>How a run stands.</summary>
    public static CardCell Of(RunStatus status) => new(EnumNames.Word(status), status switch
    {
        RunStatus.Succeeded or RunStatus.Cached => CardTone.Good,
        RunStatus.Failed or RunStatus.Rejected => CardTone.Bad,
        RunStatus.Waiting => CardTone.Unsure,
        _ => CardTone.Plain,
    });

    /// <summary>How a check of a candidate ended.</summary>
    public static CardCell Of(Verdict verdict) => verdict switch
    {
        Verdict.Passed => new("passed", CardTone.Good),
        Verdict.Failed => new("failed", CardTone.Bad),
        _ => new("insufficient evidence", CardTone.Unsure),
    };

    /// <summary>How grave an alert is, and whether somebody looks after it.</summary>
    public static CardCell Of(Alert alert) => alert.State switch
    {
        AlertState.Resolved => new($"{EnumNames.Word(alert.Severity)}, over"),
        AlertState.Acknowledged => new($"{EnumNames.Word(alert.Severity)}, looked after{(alert.AcknowledgedBy is { } by ? $" by {by}" : "")}"),
        _ => new(EnumNames.Word(alert.Severity), alert.Severity switch { AlertSeverity.Critical => CardTone.Bad, AlertSeverity.Warning => CardTone.Unsure, _ => CardTone.Plain }),
    };
}
