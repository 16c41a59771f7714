using System.Diagnostics.CodeAnalysis;
using ServerlessMlops.Core.Evaluation.Gates;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>How a gate compares.</summary>
public enum GateComparison
{
    /// <summary><c>&gt;=</c></summary>
    AtLeast,

    /// <summary><c>&gt;</c></summary>
    Above,

    /// <summary><c>&lt;=</c></summary>
    AtMost,

    /// <summary><c>&lt;</c></summary>
    Below,
}

/// <summary>What a gate looks at.</summary>
public enum GateSubjectKind
{
    /// <summary>A metric over the whole hold-out.</summary>
    Metric,

    /// <summary>A metric over each group of a column; the worst decides.</summary>
    Slice,

    /// <summary>Demographic parity difference over the groups of a column: the largest less the smallest share of rows that are decided positive.</summary>
    Parity,

    /// <summary>Equalized odds difference over the groups of a column: the larger of the spreads of true and of false positive rates.</summary>
    Odds,

    /// <summary>What the model costs: time to answer, bytes, time to train.</summary>
    Cost,
}

/// <summary>What a gate looks at.</summary>
/// <param name="Kind">Which kind of number.</param>
/// <param name="Name">The metric or cost; <c>parity</c> or <c>odds</c>.</param>
/// <param name="Column">The column of a slice, parity or odds.</param>
public sealed record GateSubject(GateSubjectKind Kind, string Name, string? Column = null)
{
    /// <summary>Why it cannot be had of models of a task; null where it can.</summary>
    public string? Fault(LearningTask task) => Kind switch
    {
        GateSubjectKind.Metric or GateSubjectKind.Slice when !Metric.Find(Name).Judges(task) =>
            $"'{Name}' does not judge a {Spell(task)} task; expected one of {string.Join(", ", Metric.All.Where(m => m.Judges(task)).Select(m => m.Name))}",
        GateSubjectKind.Parity or GateSubjectKind.Odds when task == LearningTask.Regression => $"'{Name}' compares decisions, and a regression makes none; gate a metric by slice instead",
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString() => Kind is GateSubjectKind.Parity or GateSubjectKind.Odds ? $"{Name}({Column})" : Name;

    private static string Spell(LearningTask task) => task switch { LearningTask.Binary => "binary", LearningTask.Multiclass => "multiclass", _ => "regression" };
}

/// <summary>The bound of a gate: a number, or the champion's value times a factor plus a number.</summary>
/// <param name="Factor">0 for a plain number; 1 for the champion's value as it is.</param>
/// <param name="Offset">The number that is added.</param>
public sealed record GateBound(double Factor, double Offset)
{
    /// <summary>Whether the champion's value is needed.</summary>
    public bool NeedsChampion => Factor != 0;

    /// <summary>The bound as a number.</summary>
    public double Of(double champion) => (NeedsChampion ? Factor * champion : 0) + Offset;
}

/// <summary>
/// One gate of a spec, such as <c>auc &gt;= 0.70</c> or <c>slice carrier: auc &gt;= champion - 0.005</c>: what is looked at, a comparison and a bound.
/// </summary>
/// <param name="Text">The gate as the spec writes it.</param>
/// <param name="Subject">What is looked at.</param>
/// <param name="Comparison">The comparison.</param>
/// <param name="Bound">What with.</param>
public sealed record Gate(string Text, GateSubject Subject, GateComparison Comparison, GateBound Bound)
{
    /// <summary>What a model costs, by the names that gates use.</summary>
    public static IReadOnlyList<string> Costs { get; } = ["latency_p50_ms", "latency_p99_ms", "size_mb", "train_seconds"];

    /// <summary>Parses one gate.</summary>
    /// <param name="text">As the spec writes it.</param>
    /// <param name="gate">The gate, on success.</param>
    /// <param name="fault">What was found at which position (1 is the first character) and what was expected, on failure.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out Gate? gate, [NotNullWhen(false)] out string? fault) => new GateParser(text).TryParse(out gate, out fault);

    /// <summary>How far a value is on the right side of the bound; below 0 on the wrong side.</summary>
    internal double Excess(double value, double champion) =>
        Comparison is GateComparison.AtLeast or GateComparison.Above ? value - Bound.Of(champion) : Bound.Of(champion) - value;

    /// <summary>Whether an excess meets the bound.</summary>
    internal bool Meets(double excess) => Comparison is GateComparison.AtLeast or GateComparison.AtMost ? excess >= 0 : excess > 0;

    /// <summary>Whether the champion itself would not get through, so that the gate asks for a win over it.</summary>
    internal bool AsksForAWin(double champion) => Bound.NeedsChampion && !Meets(Excess(champion, champion));
}
