using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>What a rollout is about.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The version to bring into service.</param>
/// <param name="Why">Why, for the ledger.</param>
/// <param name="Evidence">The training run whose judgement bears it out.</param>
public sealed record RolloutInput(string Pipeline, int Version, string Why, string Evidence)
{
    /// <summary>Id of the run and the orchestration: a version is rolled out once by the product; a person may promote it again by hand.</summary>
    public string RunId => RolloutOrchestrator.RunId(Pipeline, Version);
}

/// <summary>How a rollout goes, fixed when it begins: a spec that changes meanwhile is for the next one.</summary>
/// <param name="Ended">Whether it is over already: the version serves, or the rollout did not begin.</param>
/// <param name="SpecHash">The spec that it goes by; null where the pipeline has none, so that the defaults hold.</param>
/// <param name="Strategy">How the version goes live.</param>
/// <param name="Shares">Share of the requests at each step that is watched, 0 to 1.</param>
/// <param name="Hold">How long a step is watched at least.</param>
public sealed record RolloutPlan(bool Ended, string? SpecHash, DeployStrategy Strategy, IReadOnlyList<double> Shares, TimeSpan Hold)
{
    /// <summary>A rollout that is over before it began.</summary>
    public static RolloutPlan Done { get; } = new(true, null, DeployStrategy.Replace, [], TimeSpan.Zero);

    /// <summary>The plan that a spec makes.</summary>
    public static RolloutPlan Of(DeploySpec deploy, string? specHash)
    {
        double[] shares = deploy.Strategy switch
        {
            DeployStrategy.Canary => [.. deploy.Steps.Where(share => share < 1)],
            DeployStrategy.Shadow => [0],
            DeployStrategy.BlueGreen => [0, 1],
            _ => [],
        };
        return new RolloutPlan(false, specHash, deploy.Strategy, shares, deploy.Hold);
    }

    /// <summary>
    /// Time from one look at a step to the next: six looks during the hold, the last when it is over, then ever fewer, so that a long wait for
    /// evidence stays a short history.
    /// </summary>
    public TimeSpan Pause(TimeSpan elapsed)
    {
        TimeSpan often = Max(Hold / 6, TimeSpan.FromSeconds(1));
        return elapsed < Hold ? Min(often, Hold - elapsed) : Max(often, elapsed / 10);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

/// <summary>A step to look at.</summary>
/// <param name="Rollout">The rollout.</param>
/// <param name="Plan">How it goes.</param>
/// <param name="Step">The step, counted from 0.</param>
/// <param name="Look">How often it was looked at, this time included.</param>
/// <param name="Elapsed">Time since the step began.</param>
public sealed record StepLook(RolloutInput Rollout, RolloutPlan Plan, int Step, int Look, TimeSpan Elapsed);

/// <summary>A move of a rollout.</summary>
/// <param name="Rollout">The rollout.</param>
/// <param name="Plan">How it goes.</param>
/// <param name="Step">The step to go on to; null for the end of the rollout.</param>
/// <param name="Why">Why, for the ledger and the run.</param>
public sealed record RolloutMove(RolloutInput Rollout, RolloutPlan Plan, int? Step, string Why);

/// <summary>How a running rollout stands, as of its last look: what GET deployment and the run show.</summary>
/// <param name="RunId">Its run.</param>
/// <param name="Version">The challenger.</param>
/// <param name="Strategy">How it goes live.</param>
/// <param name="Step">The step, counted from 1.</param>
/// <param name="Steps">Number of steps that are watched.</param>
/// <param name="Share">The challenger's share of the requests, 0 to 1.</param>
/// <param name="Look">How often the step was looked at.</param>
/// <param name="At">When it was looked at last; null before the first look.</param>
/// <param name="NextLookAt">When it is looked at next.</param>
/// <param name="Judgement">What the last look found; null before the first.</param>
public sealed record RolloutProgress(
    string RunId, int Version, DeployStrategy Strategy, int Step, int Steps, double Share, int Look, DateTimeOffset? At, DateTimeOffset? NextLookAt, Core.Rollout.StepJudgement? Judgement);
