using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Rollout;

/// <summary>The rollout that a live pointer carries: a challenger beside the version that serves. At most one for a pipeline.</summary>
/// <param name="RunId">Id of its run and orchestration. Only the rollout of this id may move it on.</param>
/// <param name="Version">The challenger.</param>
/// <param name="Strategy">How it goes live.</param>
/// <param name="Step">The step that it is at, counted from 0.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="StepSince">When the present step began.</param>
public sealed record RunningRollout(string RunId, int Version, DeployStrategy Strategy, int Step, DateTimeOffset StartedAt, DateTimeOffset StepSince)
{
    /// <summary>Set while a person holds it: it goes on to no further step, and is still rolled back where it turns out worse. Null where nobody does.</summary>
    public RolloutHold? Held { get; init; }
}

/// <summary>A person's word that a rollout shall stay at its step.</summary>
/// <param name="By">Who.</param>
/// <param name="Since">Since when.</param>
/// <param name="Why">Why.</param>
public sealed record RolloutHold(string By, DateTimeOffset Since, string Why);
