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

/// <summary>What asks for a training by itself.</summary>
public enum RetrainCause
{
    /// <summary>Labels say that the model got worse, or that what it learned no longer holds.</summary>
    Drift,

    /// <summary>Inputs or estimates moved, and no label has confirmed that it matters.</summary>
    Suspicion,

    /// <summary>Enough predictions got their label.</summary>
    Labels,
}

/// <summary>What is known when a training is wished for.</summary>
/// <param name="Cause">Why.</param>
/// <param name="NewLabels">Predictions that got their label since the newest training began.</param>
/// <param name="NewestData">When the newest data arrived; null where there is none.</param>
/// <param name="SuspectedWindows">Suspicion: in how many windows in a row, sharing no traffic, it was raised.</param>
public sealed record RetrainFacts(RetrainCause Cause, long NewLabels, DateTimeOffset? NewestData, int SuspectedWindows = 1);

/// <summary>
/// Guards of the loop that closes by itself: drift that no training cures must not train for ever. They hold for trainings that drift or
/// labels ask for; a person, an upload and the night ask freely.
/// </summary>
public static class RetrainPolicy
{
    /// <summary>How far back trainings matter.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    /// <summary>Trainings by themselves within <see cref="Memory"/> that changed the model, from which the cooldown grows.</summary>
    public const int Swings = 3;

    /// <summary>
    /// Decides: whether the cause is one that the spec listens to and strong enough, whether there is anything to learn that the newest training did
    /// not see, and then the guards of <see cref="Decide(RetrainSpec, IReadOnlyList{PastTraining}, DateTimeOffset)"/>.
    /// </summary>
    public static RetrainDecision Decide(RetrainSpec spec, IReadOnlyList<PastTraining> past, RetrainFacts facts, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(past);
        ArgumentNullException.ThrowIfNull(facts);
        string? deaf = facts.Cause switch
        {
            RetrainCause.Drift when !spec.OnDrift => "Drift asks for no training (retrain.onDrift is false).",
            RetrainCause.Suspicion when !spec.OnSuspicion => "Drift is suspected and no label has confirmed it; it is told, not trained on (retrain.onSuspicion is false).",
            RetrainCause.Suspicion when facts.SuspectedWindows < spec.SuspicionWindows =>
                $"Suspected in {facts.SuspectedWindows} window(s) in a row; a training is asked for from {spec.SuspicionWindows} (retrain.suspicionWindows).",
            RetrainCause.Labels when spec.MinLabels == 0 => "Labels ask for no training (retrain.minLabels is 0).",
            RetrainCause.Labels when facts.NewLabels < spec.MinLabels => $"{facts.NewLabels} new label(s) since the newest training; {spec.MinLabels} are needed (retrain.minLabels).",
            _ => null,
        };
        if (deaf is not null)
        {
            return new RetrainDecision(false, deaf);
        }

        // Trained again on the same data, the same model would come out.
        if (facts.NewestData is null || (past.Count > 0 && facts.NewestData <= past[0].StartedAt))
        {
            return new RetrainDecision(
                false, $"Nothing new to learn from: the newest data {(facts.NewestData is { } newest ? $"arrived at {newest.UtcDateTime:yyyy-MM-dd HH:mm} UTC, before the newest training began" : "has not come yet")}. Upload rows with their outcome.");
        }

        return Decide(spec, past, now);
    }

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

        // A model that is replaced again and again chases something that training does not catch: each further time waits twice as long.
        int swings = automatic.Count(training => training.Rejected == false && training.StartedAt > now - Memory && training.StartedAt <= now);
        TimeSpan cooldown = swings < Swings ? spec.Cooldown : spec.Cooldown * Math.Pow(2, Math.Min(swings - Swings + 1, 10));
        cooldown = cooldown > Memory && spec.Cooldown < Memory ? Memory : cooldown;
        if (automatic.Length > 0 && now - automatic.Max(training => training.StartedAt) is var since && since < cooldown && cooldown > spec.Cooldown)
        {
            return new RetrainDecision(
                false, $"Swinging: {swings} trainings that started by themselves replaced the model within {Memory.TotalDays:0} days, so the next waits {cooldown.TotalHours:0.#} h (the last was {since.TotalHours:0.#} h ago; retrain.cooldown is {spec.Cooldown.TotalHours:0.#} h).");
        }

        if (automatic.Length > 0 && now - automatic.Max(training => training.StartedAt) is var rest && rest < spec.Cooldown)
        {
            return new RetrainDecision(false, $"Cooling down: the last training that started by itself was {rest.TotalHours:0.#} h ago (retrain.cooldown is {spec.Cooldown.TotalHours:0.#} h).");
        }

        int today = automatic.Count(training => training.StartedAt > now.AddDays(-1) && training.StartedAt <= now);
        return today >= spec.DailyBudget
            ? new RetrainDecision(false, $"Budget spent: {today} trainings started by themselves in the last 24 hours (retrain.dailyBudget is {spec.DailyBudget}).")
            : new RetrainDecision(true, "Allowed.");
    }
}
