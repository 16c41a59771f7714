using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>
/// The steps of a rollout. Each may run twice, or late: the moves name their rollout and are refused by the live pointer when it no longer runs,
/// and a run that has ended stays as it is.
/// </summary>
public sealed class RolloutActivities(
    IModelRegistry registry, IRunLog runs, RunEnds ends, SpecReader specs, ModelLoader loader, EvidenceReader evidence, TimeProvider time, ILogger<RolloutActivities> logger)
{
    private const string Actor = "system:rollout";

    /// <summary>Loads the version, to see that it can serve, and puts it beside the champion; with strategy replace, in its place.</summary>
    [Function(nameof(BeginRollout))]
    public async Task<RolloutPlan> BeginRollout([ActivityTrigger] RolloutInput input, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        if (await runs.GetAsync(input.Pipeline, input.RunId, cancellation) is { IsEnded: true })
        {
            // Ended by an earlier try whose answer was lost. Beginning again could undo what a person has done since.
            return RolloutPlan.Done;
        }

        SpecInForce? spec = await specs.ReadAsync(input.Pipeline, cancellation);
        RolloutPlan plan = RolloutPlan.Of(spec?.Spec.Deploy ?? new DeploySpec(), spec?.Hash);
        await loader.LoadAsync(input.Pipeline, input.Version, ScoringRules.Default, cancellation);
        var reason = new MoveReason(Actor, input.Why, input.Evidence);
        if (plan.Shares.Count == 0)
        {
            await registry.PromoteAsync(input.Pipeline, input.Version, reason, cancellation);
            await EndAsync(input, RunStatus.Succeeded, "live", null, cancellation);
            return RolloutPlan.Done;
        }

        string? before = null;
        var start = new RolloutStart(input.RunId, input.Version, plan.Strategy, plan.Shares[0]);
        RegistryHead head = await registry.MoveAsync(
            input.Pipeline,
            (current, at) =>
            {
                before = current.Live?.Rollout?.RunId;
                return RolloutMoves.Begin(current, start, reason, at);
            },
            cancellation);
        if (before is not null && before != input.RunId)
        {
            await durable.WakeAsync(before, logger, cancellation);
        }

        if (RolloutMoves.RunningIn(head, input.RunId) is not { } running)
        {
            await EndFromOutsideAsync(input, head, cancellation);
            return RolloutPlan.Done;
        }

        await StageAsync(input, StageOf(plan, running.Step), cancellation);
        return plan;
    }

    /// <summary>Looks at a step; null where the rollout has been ended from outside.</summary>
    [Function(nameof(JudgeStep))]
    public async Task<StepJudgement?> JudgeStep([ActivityTrigger] StepLook look, CancellationToken cancellation)
    {
        RolloutInput input = look.Rollout;
        RegistryHead head = await registry.GetHeadAsync(input.Pipeline, cancellation);
        if (RolloutMoves.RunningIn(head, input.RunId) is not { } running)
        {
            await EndFromOutsideAsync(input, head, cancellation);
            return null;
        }

        if (running.Step < look.Step && running.Held is null)
        {
            // The step was passed while a person held the rollout; it is made now.
            string why = $"Step {look.Step} of {look.Plan.Shares.Count} had passed when the rollout was held; it goes on.";
            head = await registry.MoveAsync(
                input.Pipeline,
                (current, at) => RolloutMoves.Advance(current, input.RunId, look.Step, look.Plan.Shares[look.Step], new MoveReason(Actor, why, input.RunId), at),
                cancellation);
            running = RolloutMoves.RunningIn(head, input.RunId) ?? running;
        }

        // A step that a hold put off begins when it is made, later than the orchestration thinks.
        TimeSpan since = time.GetUtcNow() - running.StepSince;
        TimeSpan elapsed = since < look.Elapsed ? since : look.Elapsed;
        PipelineSpec? spec = look.Plan.SpecHash is { } hash ? await specs.ReadVersionAsync(input.Pipeline, hash, cancellation) : null;
        (VersionEvidence challenger, VersionEvidence champion) = await evidence.ReadAsync(input.Pipeline, head.Live!, running, elapsed, cancellation);
        StepJudgement judgement = RolloutJudge.Judge(
            challenger, champion, spec?.Deploy ?? new DeploySpec(), spec?.Monitor.Slo ?? new SloSpec(), new StepProgress(look.Step, look.Plan.Shares.Count, look.Look, elapsed));
        if (running.Held is { } held && judgement.Verdict != StepVerdict.RollBack)
        {
            // A hold keeps a version from going on, not from being rolled back.
            judgement = judgement with { Verdict = StepVerdict.Wait, Reason = $"Held by {held.By} since {held.Since.UtcDateTime:u}: {held.Why} (Without the hold: {judgement.Verdict}. {judgement.Reason})" };
        }

        RolloutLog.Looked(logger, input.RunId, look.Step + 1, look.Look, judgement.Verdict.ToString(), judgement.Reason);
        RunArtifact found = new("judgement", $"step {look.Step + 1}", $"look {look.Look}: {judgement.Verdict}. {judgement.Reason}");
        if (judgement.Verdict == StepVerdict.Hold)
        {
            await ends.EndAsync(
                input.Pipeline, input.RunId, run => With(run, found) with { Status = RunStatus.Waiting, Stage = "holding", Reason = judgement.Reason }, cancellation);
        }
        else
        {
            await runs.UpdateAsync(input.Pipeline, input.RunId, run => run.IsEnded ? run : With(run, found) with { Stage = running.Held is null ? StageOf(look.Plan, running.Step) : "held" }, cancellation);
        }

        return judgement;
    }

    /// <summary>Goes on to the next step, which a person's hold puts off until it is resumed. Whether the rollout goes on.</summary>
    [Function(nameof(AdvanceRollout))]
    public async Task<bool> AdvanceRollout([ActivityTrigger] RolloutMove move, CancellationToken cancellation)
    {
        int step = move.Step!.Value;
        string why = $"Step {step} of {move.Plan.Shares.Count} passed: {move.Why}";
        RegistryHead head = await registry.MoveAsync(
            move.Rollout.Pipeline,
            (current, at) => RolloutMoves.Advance(current, move.Rollout.RunId, step, move.Plan.Shares[step], new MoveReason(Actor, why, move.Rollout.RunId), at),
            cancellation);
        if (RolloutMoves.RunningIn(head, move.Rollout.RunId) is null)
        {
            await EndFromOutsideAsync(move.Rollout, head, cancellation);
            return false;
        }

        await StageAsync(move.Rollout, StageOf(move.Plan, RolloutMoves.RunningIn(head, move.Rollout.RunId)!.Step), cancellation);
        return true;
    }

    /// <summary>Brings the version into service for good and ends the run. Whether the rollout goes on: only where a person has held it meanwhile.</summary>
    [Function(nameof(PromoteVersion))]
    public async Task<bool> PromoteVersion([ActivityTrigger] RolloutMove move, CancellationToken cancellation)
    {
        string why = $"{move.Rollout.Why}; the last of {move.Plan.Shares.Count} step(s) passed: {move.Why}";
        RegistryHead head = await registry.MoveAsync(
            move.Rollout.Pipeline, (current, at) => RolloutMoves.Complete(current, move.Rollout.RunId, new MoveReason(Actor, why, move.Rollout.RunId), at), cancellation);
        if (RolloutMoves.RunningIn(head, move.Rollout.RunId) is not null)
        {
            return true;
        }

        if (head.Live?.Version == move.Rollout.Version)
        {
            await EndAsync(move.Rollout, RunStatus.Succeeded, "live", null, cancellation);
        }
        else
        {
            await EndFromOutsideAsync(move.Rollout, head, cancellation);
        }

        return false;
    }

    /// <summary>Takes the version away and ends the run as rejected. Always false: the rollout is over.</summary>
    [Function(nameof(WithdrawVersion))]
    public async Task<bool> WithdrawVersion([ActivityTrigger] RolloutMove move, CancellationToken cancellation)
    {
        RegistryHead? withdrawnFrom = null;
        RegistryHead head = await registry.MoveAsync(
            move.Rollout.Pipeline,
            (current, at) =>
            {
                RegistryChange? change = RolloutMoves.Withdraw(current, move.Rollout.RunId, new MoveReason(Actor, move.Why, move.Rollout.RunId), at);
                withdrawnFrom = change is null ? null : current;
                return change;
            },
            cancellation);
        if (withdrawnFrom is null && !await WithdrawnByItselfAsync(move.Rollout, cancellation))
        {
            await EndFromOutsideAsync(move.Rollout, head, cancellation);
        }
        else
        {
            await EndAsync(
                move.Rollout, RunStatus.Rejected, "rolled back", $"Version {move.Rollout.Version} was rolled back, version {head.Live?.Version} serves. {move.Why}", cancellation);
        }

        return false;
    }

    /// <summary>Takes the version of a rollout that broke away, and ends the run as failed.</summary>
    [Function(nameof(AbandonRollout))]
    public async Task AbandonRollout([ActivityTrigger] RolloutMove move, CancellationToken cancellation)
    {
        await registry.MoveAsync(
            move.Rollout.Pipeline,
            (current, at) => RolloutMoves.Withdraw(current, move.Rollout.RunId, new MoveReason(Actor, $"the rollout broke: {move.Why}", move.Rollout.RunId), at),
            cancellation);
        await EndAsync(move.Rollout, RunStatus.Failed, null, move.Why, cancellation);
    }

    // An earlier try of the activity may have withdrawn the version and died before it ended the run.
    private async Task<bool> WithdrawnByItselfAsync(RolloutInput input, CancellationToken cancellation) =>
        await LastWordAsync(input, cancellation) is { Action: LedgerAction.RolloutWithdrawn or LedgerAction.RolledBack, Actor: Actor } word && word.Evidence == input.RunId;

    /// <summary>Ends the run of a rollout that somebody else decided: a person, or a newer rollout.</summary>
    private async Task EndFromOutsideAsync(RolloutInput input, RegistryHead head, CancellationToken cancellation)
    {
        if (head.Live?.Version == input.Version)
        {
            LedgerEntry? word = await LastWordAsync(input, cancellation);
            string? byHand = word is null || word.Actor == Actor ? null : $"Promoted by {word.Actor}: {word.Why}";
            await EndAsync(input, RunStatus.Succeeded, "live", byHand, cancellation);
        }
        else if (head.Live?.Rollout is { } newer && newer.Version > input.Version)
        {
            await EndAsync(input, RunStatus.Cancelled, "superseded", $"Superseded by the rollout of version {newer.Version} (run {newer.RunId}).", cancellation);
        }
        else
        {
            LedgerEntry? word = await LastWordAsync(input, cancellation);
            string who = word is null ? "from outside" : $"by {word.Actor}: {word.Why}";
            await EndAsync(input, RunStatus.Cancelled, "withdrawn", $"Ended {who} Version {head.Live?.Version} serves.", cancellation);
        }
    }

    /// <summary>The newest line of the ledger that moved the live pointer.</summary>
    private async Task<LedgerEntry?> LastWordAsync(RolloutInput input, CancellationToken cancellation) =>
        (await registry.ListLedgerAsync(input.Pipeline, 20, null, cancellation)).Items.FirstOrDefault(entry =>
            entry.Action is LedgerAction.Promoted or LedgerAction.RolledBack or LedgerAction.RolloutStarted or LedgerAction.RolloutWithdrawn or LedgerAction.RolloutCompleted);

    private Task EndAsync(RolloutInput input, RunStatus status, string? stage, string? reason, CancellationToken cancellation) => ends.EndAsync(
        input.Pipeline,
        input.RunId,
        run => run with
        {
            Status = status,
            Stage = stage ?? run.Stage,
            Reason = reason,
            Outputs = status == RunStatus.Succeeded ? [new RunArtifact("version", $"{input.Version}", "serves all traffic")] : [],
        },
        cancellation);

    private Task StageAsync(RolloutInput input, string stage, CancellationToken cancellation) => runs.UpdateAsync(
        input.Pipeline, input.RunId, run => run.IsEnded ? run : run with { Status = RunStatus.Running, Stage = stage, Reason = null }, cancellation);

    // The newest judgement of a step takes the place of the one before.
    private static Run With(Run run, RunArtifact found) => run with { Outputs = [.. run.Outputs.Where(o => o.Kind != found.Kind || o.Id != found.Id), found] };

    private static string StageOf(RolloutPlan plan, int step) => plan.Strategy switch
    {
        DeployStrategy.Canary => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"canary {plan.Shares[step] * 100:0.##}%"),
        DeployStrategy.Shadow => "shadow",
        _ => step == 0 ? "standby" : "switched",
    };
}
