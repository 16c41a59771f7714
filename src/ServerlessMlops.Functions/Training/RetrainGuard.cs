using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Feedback;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Functions.Pipelines;

namespace ServerlessMlops.Functions.Training;

/// <summary>A training that the app wishes for by itself.</summary>
/// <param name="Pipeline">Of which pipeline.</param>
/// <param name="Cause">Why.</param>
/// <param name="Id">Names the observation behind it: wished for twice, by two instances or after a crash, it is one wish.</param>
/// <param name="Detail">The observation in words.</param>
/// <param name="SuspectedWindows">See <see cref="RetrainFacts.SuspectedWindows"/>.</param>
public sealed record RetrainWish(string Pipeline, RetrainCause Cause, string Id, string Detail, int SuspectedWindows = 1)
{
    /// <summary>Labels: how many have become rows of the newest data; 0 where none has yet.</summary>
    public long Learned { get; init; }
}

/// <summary>Lets trainings that drift or labels ask for through <see cref="RetrainPolicy"/> to the request row, and tells people where a pipeline is frozen.</summary>
public sealed partial class RetrainGuard(
    SpecReader specs,
    IRunLog runs,
    IDatasetStore datasets,
    TrainingRequests requests,
    LabelledExporter labelled,
    IAlertSink alerts,
    TimeProvider time,
    ILogger<RetrainGuard> logger)
{
    /// <summary>How the reason of a training begins that the app asked for by itself.</summary>
    public const string Automatic = "automatic, ";

    private const int MostRuns = 500;
    private const string Subject = "retraining";
    private const string LearningSubject = "learning from labels";

    /// <summary>Asks because labelled predictions have been ingested, as an activity.</summary>
    [Function(nameof(RequestByLabels))]
    public Task RequestByLabels([ActivityTrigger] RetrainWish wish, [DurableClient] DurableTaskClient durable, CancellationToken cancellation) => AskAsync(wish, durable, cancellation);

    /// <summary>
    /// Asks, if the guards allow it. Where labels ask and their predictions are to be learned from, those are first put into an upload; once that is read it asks
    /// again, with what it brought.
    /// </summary>
    public async Task<RetrainDecision> AskAsync(RetrainWish wish, DurableTaskClient durable, CancellationToken cancellation)
    {
        if (await specs.ReadAsync(wish.Pipeline, cancellation) is not { } spec)
        {
            return new RetrainDecision(false, $"Pipeline '{wish.Pipeline}' has no spec.");
        }

        DateTimeOffset now = time.GetUtcNow();
        (IReadOnlyList<PastTraining> past, long labels) = await PastAsync(wish.Pipeline, now, cancellation);
        RetrainSpec rules = spec.Spec.Retrain;
        var facts = new RetrainFacts(wish.Cause, Math.Max(labels, wish.Learned), null, wish.SuspectedWindows);

        // Labels bring their own data, if nothing else keeps them from being trained on.
        string besides = "";
        if (wish is { Cause: RetrainCause.Labels, Learned: 0 } && rules.LearnFromLabels && RetrainPolicy.Decide(rules, past, facts with { NewestData = now }, now).Allowed)
        {
            LabelledOutcome learned = await labelled.WriteAsync(wish.Pipeline, spec.Spec, cancellation);
            await alerts.RaiseAsync([Obstructed(wish, learned, now)], cancellation);
            if (learned.File is { } file)
            {
                await durable.StartOnceAsync(nameof(IngestionOrchestrator), file.RunId, new IngestionInput(file, Attempt: 1), cancellation);
                LogDecision(logger, wish.Pipeline, wish.Cause, wish.Detail, true, learned.Reason);
                return new RetrainDecision(true, learned.Reason);
            }

            besides = $" {learned.Reason}";
        }

        BatchSummary? newest = await datasets.GetNewestBatchAsync(wish.Pipeline, cancellation);
        RetrainDecision decision = RetrainPolicy.Decide(rules, past, facts with { NewestData = newest?.ReceivedAt }, now);
        decision = decision with { Reason = decision.Reason + besides };
        LogDecision(logger, wish.Pipeline, wish.Cause, wish.Detail, decision.Allowed, decision.Reason);
        if (decision.Allowed)
        {
            await requests.AskAsync(new TrainingWish(wish.Pipeline, $"{Automatic}{wish.Cause}: {wish.Detail}") { Id = wish.Id }, durable, cancellation);
        }

        if (decision.Allowed || decision.Frozen)
        {
            await alerts.RaiseAsync([Frozen(wish, decision, now)], cancellation);
        }

        return decision;
    }

    /// <summary>Trainings newest first, and how many predictions got a label since the newest began.</summary>
    private async Task<(IReadOnlyList<PastTraining> Past, long Labels)> PastAsync(string pipeline, DateTimeOffset now, CancellationToken cancellation)
    {
        var past = new List<PastTraining>();
        long labels = 0;
        string? continuation = null;
        int seen = 0;
        do
        {
            Page<Run> page = await runs.ListAsync(pipeline, 100, continuation, cancellation);
            foreach (Run run in page.Items)
            {
                seen++;
                if (run.Kind == RunKind.Training)
                {
                    past.Add(new PastTraining(
                        run.StartedAt,
                        run.Inputs.Any(i => i.Kind == "request" && i.Id.StartsWith(Automatic, StringComparison.Ordinal)),
                        run.Status switch { RunStatus.Rejected => true, RunStatus.Succeeded => false, _ => null }));
                }
                else if (run.Kind == RunKind.Labels && past.Count == 0)
                {
                    labels += LabelsOrchestrator.JoinedBy(run);
                }
            }

            continuation = page.Next;
        }
        while (continuation is not null && seen < MostRuns && (past.Count == 0 || past[^1].StartedAt > now - RetrainPolicy.Memory));
        return (past, labels);
    }

    private static AlertEvent Frozen(RetrainWish wish, RetrainDecision decision, DateTimeOffset now) => Event(
        wish, now, Subject, decision.Frozen, decision.Frozen ? "Trainings no longer start by themselves" : "Trainings start by themselves again",
        decision.Frozen ? $"{decision.Reason} What asked: {wish.Detail}." : decision.Reason);

    private static AlertEvent Obstructed(RetrainWish wish, LabelledOutcome outcome, DateTimeOffset now) => Event(
        wish, now, LearningSubject, outcome.IsObstructed, outcome.IsObstructed ? "Labels come and cannot be learned from" : "Labels are learned from again", outcome.Reason);

    private static AlertEvent Event(RetrainWish wish, DateTimeOffset now, string subject, bool holds, string title, string detail) => new()
    {
        Pipeline = wish.Pipeline,
        Topic = AlertTopic.Gates,
        Severity = AlertSeverity.Warning,
        Subject = subject,
        Title = title,
        Detail = detail,
        At = now,
        Evidence = wish.Id,
        Resolved = !holds,
        Observation = now.UtcTicks / TimeSpan.TicksPerSecond,
    };

    [LoggerMessage(EventId = 130, Level = LogLevel.Information, Message = "Retraining of {Pipeline} wished for by {Cause} ({Detail}): allowed {Allowed}. {Reason}")]
    private static partial void LogDecision(ILogger logger, string pipeline, RetrainCause cause, string detail, bool allowed, string reason);
}
