using System.Globalization;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Rollout;

/// <summary>
/// Decides what becomes of a step, from counts alone. A challenger is rolled back as soon as one measure says that it is worse by as much as
/// matters and not by chance; it goes on when its time is over, it has had enough requests and no measure says so.
/// </summary>
/// <remarks>
/// A rollout is looked at again and again, and each look is a chance to err. The level <see cref="JudgeSpec.FalseRollbacks"/> holds for the whole
/// rollout: it is divided by the number of steps and of measures, and look k of a step gets 1 / (k (k + 1)) of that, which adds up to the whole
/// however often is looked (Bonferroni's inequality needs no independence of the looks).
/// </remarks>
public static class RolloutJudge
{
    /// <summary>Longest that a rollout may hold for want of evidence; then it is rolled back.</summary>
    public static TimeSpan LongestHold { get; } = TimeSpan.FromDays(30);

    /// <summary>The level of each measure at a look.</summary>
    public static double Alpha(JudgeSpec spec, StepProgress progress) =>
        spec.FalseRollbacks / progress.Steps / RolloutSignals.Count / ((double)progress.Look * (progress.Look + 1));

    /// <summary>Judges a step.</summary>
    /// <param name="challenger">The version on trial.</param>
    /// <param name="champion">The version that it is compared with.</param>
    /// <param name="deploy">The pipeline's <c>deploy</c> section.</param>
    /// <param name="slo">The pipeline's objectives: a slowdown far below them matters to nobody.</param>
    /// <param name="progress">Where the step stands.</param>
    public static StepJudgement Judge(VersionEvidence challenger, VersionEvidence champion, DeploySpec deploy, SloSpec slo, StepProgress progress)
    {
        ArgumentNullException.ThrowIfNull(deploy);
        ArgumentNullException.ThrowIfNull(progress);
        double alpha = Alpha(deploy.Judge, progress);
        IReadOnlyList<RolloutSignal> signals = RolloutSignals.Measure(challenger, champion, deploy, slo, alpha);
        long requests = challenger.Window.Requests;
        (StepVerdict verdict, string reason) = Decide(signals, requests, deploy, progress);
        return new StepJudgement(verdict, reason, requests, alpha, signals);
    }

    private static (StepVerdict Verdict, string Reason) Decide(IReadOnlyList<RolloutSignal> signals, long requests, DeploySpec deploy, StepProgress progress)
    {
        RolloutSignal[] worse = [.. signals.Where(s => s.Verdict == SignalVerdict.Worse)];
        if (worse.Length > 0)
        {
            return (StepVerdict.RollBack, string.Join(" ", worse.Select(s => s.Sentence)));
        }

        // Before blue and green change places, only who asks for the new version reaches it: silence is no reason to wait.
        bool enough = requests >= deploy.MinimumRequests || (deploy.Strategy == DeployStrategy.BlueGreen && progress.Step == 0);
        string had = string.Create(CultureInfo.InvariantCulture, $"{requests} request(s) of the {deploy.MinimumRequests} needed");
        if (progress.Elapsed < deploy.Hold)
        {
            return (StepVerdict.Wait, $"{SpecDuration.Format(Whole(progress.Elapsed))} of {SpecDuration.Format(deploy.Hold)} are over; {had} so far.");
        }

        if (enough)
        {
            return (StepVerdict.Advance, $"{SpecDuration.Format(Whole(progress.Elapsed))} with {requests} request(s) and no measure worse.");
        }

        TimeSpan most = deploy.MaxHold > deploy.Hold ? deploy.MaxHold : deploy.Hold;
        if (progress.Elapsed < most)
        {
            return (StepVerdict.Wait, $"Too little evidence yet: {had}, {SpecDuration.Format(Whole(progress.Elapsed))} of at most {SpecDuration.Format(most)} are over.");
        }

        string late = $"Too little evidence after {SpecDuration.Format(most)}: {had}.";
        return deploy.WithoutEvidence switch
        {
            WithoutEvidence.Promote => (StepVerdict.Advance, $"{late} The spec says to go on (deploy.withoutEvidence: promote)."),
            WithoutEvidence.Hold when progress.Elapsed < LongestHold =>
                (StepVerdict.Hold, $"{late} The rollout holds until there is more, or until somebody promotes or rolls back."),
            WithoutEvidence.Hold => (StepVerdict.RollBack, $"{late} It has held for {LongestHold.TotalDays:0} days, the longest that it may."),
            _ => (StepVerdict.RollBack, $"{late} The spec says to roll back (deploy.withoutEvidence: rollBack)."),
        };
    }

    private static TimeSpan Whole(TimeSpan elapsed) => TimeSpan.FromSeconds(Math.Floor(elapsed.TotalSeconds));
}
