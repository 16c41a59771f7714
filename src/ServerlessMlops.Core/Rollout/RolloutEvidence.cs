using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Rollout;

/// <summary>What the traffic of a step tells of one version.</summary>
/// <param name="Version">The version.</param>
/// <param name="Card">Its card.</param>
/// <param name="Window">What was counted of its traffic during the step.</param>
/// <param name="Outcomes">How its predictions of the step turned out, where labels have come; null where none have.</param>
public sealed record VersionEvidence(int Version, ModelCard Card, WindowSums Window, LabelledOutcomes? Outcomes = null);

/// <summary>Predictions whose labels are known, as sums that add up over instances and hours.</summary>
/// <param name="Rows">How many.</param>
/// <param name="LossSum">Sum of their losses: log loss of a classifier, squared error of a regression.</param>
/// <param name="LossSquareSum">Sum of the squares of their losses.</param>
public sealed record LabelledOutcomes(long Rows, double LossSum, double LossSquareSum);

/// <summary>
/// Where labels of live predictions come from. An app without one judges rollouts on errors, latency and outputs, and says that
/// performance is not known.
/// </summary>
public interface IOutcomeReader
{
    /// <summary>Outcomes of a version's predictions that were answered in the period and whose labels have come; null where none have.</summary>
    Task<LabelledOutcomes?> ReadAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation);
}

/// <summary>Where a step of a rollout stands when it is looked at.</summary>
/// <param name="Step">The step, counted from 0.</param>
/// <param name="Steps">Number of steps that are judged.</param>
/// <param name="Look">How often the step was looked at, this time included: 1, 2, 3 ...</param>
/// <param name="Elapsed">Time since the step began.</param>
public sealed record StepProgress(int Step, int Steps, int Look, TimeSpan Elapsed);

/// <summary>What one measure says of the challenger.</summary>
public enum SignalVerdict
{
    /// <summary>Too little to tell, or not measured with this strategy.</summary>
    Unknown,

    /// <summary>Not worse by as much as matters, as far as can be told.</summary>
    Sound,

    /// <summary>Worse, by as much as matters, and not by chance.</summary>
    Worse,
}

/// <summary>One measure of the challenger against the champion.</summary>
/// <param name="Name">errors, latency, output, mean or performance.</param>
/// <param name="Verdict">What it says.</param>
/// <param name="ChallengerSize">Requests or rows of the challenger behind it.</param>
/// <param name="ChampionSize">Of the champion.</param>
/// <param name="Effect">Size of the difference; null where it was not measured.</param>
/// <param name="Limit">The size from which it matters.</param>
/// <param name="PValue">How easily chance alone brings it about; null where it was not tested.</param>
/// <param name="Sentence">All of it in words.</param>
public sealed record RolloutSignal(
    string Name, SignalVerdict Verdict, long ChallengerSize, long ChampionSize, double? Effect, double Limit, double? PValue, string Sentence);

/// <summary>What is to be done with a step.</summary>
public enum StepVerdict
{
    /// <summary>Look again later.</summary>
    Wait,

    /// <summary>On to the next step, or into service after the last.</summary>
    Advance,

    /// <summary>The time is over without enough evidence: a person decides, or more traffic does.</summary>
    Hold,

    /// <summary>The challenger goes.</summary>
    RollBack,
}

/// <summary>A judgement of a step.</summary>
/// <param name="Verdict">What is to be done.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="Requests">Requests of the challenger during the step.</param>
/// <param name="Alpha">The level at which each measure was tested this time.</param>
/// <param name="Signals">The measures.</param>
public sealed record StepJudgement(StepVerdict Verdict, string Reason, long Requests, double Alpha, IReadOnlyList<RolloutSignal> Signals);
