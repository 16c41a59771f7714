using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Functions.Pipelines;

/// <summary>Brings the ledger up to the spec in force, however that came: over HTTP, or as a file dropped into the container.</summary>
public sealed class SpecChanges(IPipelineStore pipelines, SpecReader specs, IModelRegistry registry)
{
    /// <summary>
    /// The spec in force, kept under its hash and recorded in the ledger if it differs from the one before; null where the pipeline has none. May run
    /// twice, late, and beside a PUT: what is recorded last is what is in force.
    /// </summary>
    /// <exception cref="SpecFaultException">The stored text is not a valid spec; nothing is recorded.</exception>
    public async Task<SpecInForce?> RecordAsync(string pipeline, CancellationToken cancellation)
    {
        while (await pipelines.GetAsync(pipeline, cancellation) is { } stored)
        {
            SpecInForce spec = await specs.KeepAsync(stored, cancellation);
            RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
            if (head.SpecHash == spec.Hash)
            {
                return spec;
            }

            string actor = stored.PutBy ?? $"unverified:pipelines/{pipeline}.yaml";
            await registry.ChangeSpecAsync(pipeline, spec.Hash, new MoveReason(actor, head.SpecHash is null ? "first spec" : "spec changed", spec.Hash), cancellation);

            // Another spec may have come between reading this one and recording it; then that one is recorded after it.
            if ((await pipelines.GetAsync(pipeline, cancellation))?.ETag == stored.ETag)
            {
                return spec;
            }
        }

        return null;
    }
}
