using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Alerts;

/// <summary>What the end of a run has to say to people.</summary>
public static class RunAlerts
{
    /// <summary>Title of the alert about a run of that kind that failed.</summary>
    public static string FailureOf(RunKind kind) => $"{kind} failed";

    /// <summary>The file that a run is about, where it is about one: the reason alone does not say which of a day's uploads it was.</summary>
    private static string File(Run run) =>
        run.Inputs.FirstOrDefault(i => run.Kind == RunKind.Ingestion && i.Kind == "upload" || run.Kind is RunKind.Labels or RunKind.Scoring && i.Kind is "labels" or "scoring") is { } file
            ? $"{file.Id}: "
            : "";

    /// <summary>The event of a run's end, or null where nobody need know: it runs, waits, or ended as meant.</summary>
    public static AlertEvent? Of(Run run)
    {
        (AlertTopic Topic, AlertSeverity Severity, string Title)? told = (run.Kind, run.Status) switch
        {
            (_, RunStatus.Failed) => (AlertTopic.Failed, AlertSeverity.Critical, FailureOf(run.Kind)),
            (RunKind.Ingestion, RunStatus.Rejected) => (AlertTopic.Rejected, AlertSeverity.Warning, "An upload was rejected"),
            (RunKind.Labels, RunStatus.Rejected) => (AlertTopic.Rejected, AlertSeverity.Warning, "A file of labels was rejected"),
            (RunKind.Scoring, RunStatus.Rejected) => (AlertTopic.Rejected, AlertSeverity.Warning, "A file could not be scored"),
            (RunKind.Training, RunStatus.Rejected) => (AlertTopic.Gates, AlertSeverity.Warning, "A training brought no model into service"),
            (RunKind.Rollout, RunStatus.Rejected) => (AlertTopic.Rollback, AlertSeverity.Critical, "A rollout was rolled back"),
            (RunKind.Rollout, RunStatus.Waiting) => (AlertTopic.Approval, AlertSeverity.Warning, "A rollout waits for evidence or for a decision"),
            (RunKind.Rollout, RunStatus.Succeeded) => (AlertTopic.Promoted, AlertSeverity.Info, "A model version went live"),
            (RunKind.Approval, RunStatus.Waiting) => (AlertTopic.Approval, AlertSeverity.Warning, "A model version waits for approval"),
            (RunKind.Approval, _) when run.IsEnded => (AlertTopic.Approval, AlertSeverity.Info, "An approval was decided"),
            _ => null,
        };
        return told is not { } tell ? null : new AlertEvent
        {
            Pipeline = run.Pipeline,
            Topic = tell.Topic,
            Severity = tell.Severity,
            Subject = run.Attempt == 1 ? run.Id : $"{run.Id}.{run.Attempt}",
            Title = tell.Title,
            Detail = run.Reason is { } reason ? File(run) + reason : string.Join(", ", run.Outputs.Select(o => $"{o.Kind} {o.Id}")),
            At = run.EndedAt ?? run.StartedAt,
            Evidence = run.Id,
            Resolved = run is { Kind: RunKind.Approval, IsEnded: true, Status: not RunStatus.Failed },
        };
    }
}
