using System.Globalization;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Functions.Approvals;

/// <summary>What a person is shown who is asked whether a version may go live.</summary>
internal static class ApprovalEvidence
{
    /// <summary>The candidate, the gates and the metrics of a version, as artifacts of the approval's run.</summary>
    public static IReadOnlyList<RunArtifact> Of(ModelVersion version, ModelCard? card) =>
    [
        new("model", version.ModelId, version.Candidate),
        new("dataset", version.DatasetId),
        .. (card?.Gates ?? []).Select(gate => new RunArtifact("gate", gate.Gate, $"{(gate.Passed ? "passed" : "not passed")}: {gate.Reason}")),
        .. version.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => new RunArtifact("metric", m.Key, m.Value.ToString("0.####", CultureInfo.InvariantCulture))),
    ];

    /// <summary>The same in a sentence.</summary>
    public static string Describe(IReadOnlyList<RunArtifact> evidence)
    {
        int gates = evidence.Count(e => e.Kind == "gate");
        string metrics = string.Join(", ", evidence.Where(e => e.Kind == "metric").Take(4).Select(e => $"{e.Id} {e.Detail}"));
        return $"'{evidence.First(e => e.Kind == "model").Detail}' passed {(gates == 0 ? "(no gates)" : $"all {gates} gate(s)")}; on the hold-out {metrics}.";
    }
}
