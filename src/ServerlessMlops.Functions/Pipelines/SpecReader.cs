using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Pipelines;

/// <summary>A spec, read and understood.</summary>
/// <param name="Spec">The spec.</param>
/// <param name="Hash">Its canonical hash: two texts that mean the same have the same.</param>
public sealed record SpecInForce(PipelineSpec Spec, string Hash);

/// <summary>Reads specs from storage. What is stored was checked when it came in over HTTP, but a file put straight into the container was not.</summary>
public sealed class SpecReader(IPipelineStore pipelines)
{
    /// <summary>The spec in force, kept under its hash for later; null where the pipeline has none.</summary>
    /// <exception cref="SpecFaultException">The stored text is not a valid spec.</exception>
    public async Task<SpecInForce?> ReadAsync(string pipeline, CancellationToken cancellation)
    {
        return await pipelines.GetAsync(pipeline, cancellation) is { } stored ? await KeepAsync(stored, cancellation) : null;
    }

    /// <summary>Reads a stored spec and keeps it under its hash.</summary>
    /// <exception cref="SpecFaultException">The stored text is not a valid spec.</exception>
    public async Task<SpecInForce> KeepAsync(StoredSpec stored, CancellationToken cancellation)
    {
        SpecInForce spec = Understand(stored);
        await pipelines.KeepVersionAsync(stored.Pipeline, spec.Hash, stored.Yaml, cancellation);
        return spec;
    }

    /// <summary>The spec of that hash: what a run began with is what it ends with, whatever is in force meanwhile.</summary>
    /// <exception cref="InvalidOperationException">It was never kept.</exception>
    public async Task<PipelineSpec> ReadVersionAsync(string pipeline, string hash, CancellationToken cancellation) =>
        await pipelines.GetVersionAsync(pipeline, hash, cancellation) is { } stored
            ? Understand(stored).Spec
            : throw new InvalidOperationException($"Spec {hash} of pipeline '{pipeline}' is not among the kept ones (pipelines/{pipeline}/specs/).");

    private static SpecInForce Understand(StoredSpec stored)
    {
        PipelineSpecResult result = PipelineSpecParser.Parse(stored.Yaml);
        return result.Spec is { } spec ? new SpecInForce(spec, spec.ComputeHash()) : throw new SpecFaultException(stored.Pipeline, result.Findings);
    }
}

/// <summary>The stored spec of a pipeline is not valid.</summary>
public sealed class SpecFaultException(string pipeline, IReadOnlyList<SpecFinding> findings)
    : Exception($"The spec of pipeline '{pipeline}' (pipelines/{pipeline}.yaml) has {findings.Count} fault(s): {string.Join("; ", findings)}. PUT /api/pipelines/{pipeline} checks a corrected one.");
