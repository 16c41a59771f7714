using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Training;

/// <summary>Whether a training may start by itself, and if not, why.</summary>
/// <param name="Allowed">Whether it may.</param>
/// <param name="Reason">In a sentence.</param>
/// <param name="Frozen">Whether only a person can lift what keeps it.</param>
public sealed record RetrainDecision(bool Allowed, string Reason, bool Frozen = false);

/// <summary>How an earlier training ended, for <see cref="RetrainPolicy"/>.</summary>
/// <param name="StartedAt">When it began.</param>
/// <param name="Automatic">Whether it started by itself because of drift or labels.</param>
/// <param name="Rejected">Whether no candidate passed its gates; null while it runs, and where it failed or had nothing to do.</param>
public sealed record PastTraining(DateTimeOffset StartedAt, bool Automatic, bool? Rejected);

/// <summary>
/// Guards of the loop that closes by itself: drift that no training cures must not train for ever. They hold for trainings that drift or
/// labels ask for; a person, an upload and the night ask freely.
/// </summary>
public static class RetrainPolicy
{
    /// <summary>Decides.</summary>
    /// <param name="spec">The pipeline's <c>retrain</c> section.</param>
    /// <param name="past">Earlier trainings, newest first; as far back as a day and <see cref="RetrainSpec.FreezeAfterRejections"/> rejections.</param>
    /// <param name="now">Now.</param>
    public static RetrainDecision Decide(RetrainSpec spec, IReadOnlyList<PastTraining> past, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(past);

        // A person's training that was accepted, or any other, ends the row of rejections.
        int rejections = past.Where(training => training.Rejected is not null).TakeWhile(training => training.Rejected == true).Count();
        if (spec.FreezeAfterRejections > 0 && rejections >= spec.FreezeAfterRejections)
        {
            return new RetrainDecision(
                false, $"Frozen: the last {rejections} trainings gave no candidate that passed its gates (retrain.freezeAfterRejections is {spec.FreezeAfterRejections}). Look at the data or the gates, then POST .../train.", Frozen: true);
        }

        PastTraining[] automatic = [.. past.Where(training => training.Automatic)];
        if (automatic.Length > 0 && now - automatic.Max(training => training.StartedAt) is var since && since < spec.Cooldown)
        {
            return new RetrainDecision(false, $"Cooling down: the last training that started by itself was {since.TotalHours:0.#} h ago (retrain.cooldown is {spec.Cooldown.TotalHours:0.#} h).");
        }

        int today = automatic.Count(training => training.StartedAt > now.AddDays(-1) && training.StartedAt <= now);
        return today >= spec.DailyBudget
            ? new RetrainDecision(false, $"Budget spent: {today} trainings started by themselves in the last 24 hours (retrain.dailyBudget is {spec.DailyBudget}).")
            : new RetrainDecision(true, "Allowed.");
    }
}
