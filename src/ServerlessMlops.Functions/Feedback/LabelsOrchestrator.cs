using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Feedback;

/// <summary>What a joining is about.</summary>
/// <param name="Labels">The version of the file.</param>
/// <param name="Attempt">1, or more where it is tried again.</param>
public sealed record LabelsInput(Upload Labels, int Attempt)
{
    /// <summary>Predictions that got their label from earlier attempts: the run's row says what the file has brought, not what its latest attempt has.</summary>
    public long JoinedBefore { get; init; }
}

/// <summary>One file of labels: joined with the prediction log, and a training asked for where there are enough.</summary>
public static class LabelsOrchestrator
{
    /// <summary>Kind of the output that says how many predictions got their label.</summary>
    internal const string Joined = "joined";

    private const string ETagPrefix = "etag ";

    /// <summary>Id of the run: the same version of a file never gets a second one.</summary>
    public static string RunIdOf(Upload labels) => "labels-" + ContentAddress.Short(ContentAddress.Of($"{labels.Path}\n{labels.ETag}"));

    /// <summary>Id of the orchestration: the run's, with <c>.{attempt}</c> from the second attempt on.</summary>
    public static string InstanceId(LabelsInput input) => input.Attempt == 1 ? RunIdOf(input.Labels) : $"{RunIdOf(input.Labels)}.{input.Attempt}";

    /// <summary>The version of the file that a run read, or null where its row does not say.</summary>
    public static Upload? LabelsOf(Run run) =>
        run.Inputs.FirstOrDefault(i => i.Kind == "labels") is { Detail: { } detail } artifact && detail.StartsWith(ETagPrefix, StringComparison.Ordinal)
            ? new Upload(artifact.Id, detail[ETagPrefix.Length..])
            : null;

    /// <summary>The next attempt at the file of a run.</summary>
    public static LabelsInput Again(Run run, Upload labels)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new LabelsInput(labels, run.Attempt + 1) { JoinedBefore = JoinedBy(run) };
    }

    /// <summary>How many predictions got their label from a run's file.</summary>
    public static long JoinedBy(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Outputs.Where(o => o.Kind == Joined).Sum(o => long.Parse(o.Id, CultureInfo.InvariantCulture));
    }

    /// <summary>The orchestration.</summary>
    [Function(nameof(LabelsOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        LabelsInput input = context.GetInput<LabelsInput>()!;
        var run = new Run
        {
            Pipeline = input.Labels.Pipeline,
            Id = RunIdOf(input.Labels),
            Kind = RunKind.Labels,
            Status = RunStatus.Running,
            Stage = "joining",
            StartedAt = context.Now(),
            Attempt = input.Attempt,
            Inputs = [new RunArtifact("labels", input.Labels.Path, ETagPrefix + input.Labels.ETag)],
        };
        await context.RecordAsync(run, () => context.CallActivityAsync(nameof(JoinLabels), input, Retries.Activity));
    }
}
