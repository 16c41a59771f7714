using System.Globalization;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Core.Rollout;
using Spectre.Console;

namespace ServerlessMlops.Cli.Output;

/// <summary>What serves, in a sentence; and the rollout that runs, in some more.</summary>
internal static class DeploymentText
{
    public static string Of(string pipeline, DeploymentView deployment) => deployment.Live is { } live
        ? $"Version [green]{live.Version}[/] of '{pipeline}' serves since {Format.Time(live.Since)}" +
          (live.PreviousVersion is { } previous ? $"; a rollback returns to version {previous}." : ".") +
          string.Concat(Rollout(deployment).Select(line => $"{Environment.NewLine}{line}"))
        : $"No version of '{pipeline}' serves yet.";

    /// <summary>Lines about the running rollout; none where none runs.</summary>
    public static IEnumerable<string> Rollout(DeploymentView deployment)
    {
        if (deployment.Live?.Rollout is not { } running)
        {
            yield break;
        }

        if (running.Held is { } held)
        {
            yield return Markup.Escape($"The rollout is held by {held.By} since {Format.Time(held.Since)}: {held.Why}");
        }

        string strategy = running.Strategy.ToString().ToLowerInvariant();
        if (deployment.Rollout is not { } progress)
        {
            yield return $"Version [yellow]{running.Version}[/] is being rolled out ({strategy}), since {Format.Time(running.StartedAt)}.";
            yield break;
        }

        string share = progress.Share is > 0 and < 1 ? $", {(progress.Share * 100).ToString("0.##", CultureInfo.InvariantCulture)}% of the requests" : "";
        yield return $"Version [yellow]{running.Version}[/] is being rolled out ({strategy}): step {progress.Step} of {progress.Steps}{share}, since {Format.Time(running.StepSince)}" +
            (progress.NextLookAt is { } next ? $", next look {Format.Time(next)}." : ".");
        if (progress.Judgement is { } judgement)
        {
            yield return Markup.Escape($"  {judgement.Verdict.ToString().ToLowerInvariant()}: {judgement.Reason}");
            foreach (RolloutSignal signal in judgement.Signals.Where(s => s.Verdict != SignalVerdict.Unknown))
            {
                yield return $"  {(signal.Verdict == SignalVerdict.Worse ? "[red]worse[/]" : "[green]sound[/]")} {Markup.Escape($"{signal.Name}: {signal.Sentence}")}";
            }
        }
    }
}
