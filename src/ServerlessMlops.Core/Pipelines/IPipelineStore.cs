namespace ServerlessMlops.Core.Pipelines;

/// <summary>A spec as it is stored.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Yaml">The text as it was given.</param>
/// <param name="ETag">Storage's version mark of the current text, without quotes; null for one read by its hash.</param>
public sealed record StoredSpec(string Pipeline, string Yaml, string? ETag)
{
    /// <summary>Who put it in force over HTTP; null for one that was written straight into the container.</summary>
    public string? PutBy { get; init; }
}

/// <summary>The <c>pipelines</c> container: <c>{p}.yaml</c> is the spec in force, <c>{p}/specs/{hash}.yaml</c> every one that ever was.</summary>
public interface IPipelineStore
{
    /// <summary>The spec in force, or null.</summary>
    Task<StoredSpec?> GetAsync(string pipeline, CancellationToken cancellation);

    /// <summary>The spec of that hash, or null.</summary>
    Task<StoredSpec?> GetVersionAsync(string pipeline, string specHash, CancellationToken cancellation);

    /// <summary>Keeps the spec under its hash, for ever; content-addressed, so keeping it again changes nothing.</summary>
    Task KeepVersionAsync(string pipeline, string specHash, string yaml, CancellationToken cancellation);

    /// <summary>Puts the spec in force. Returns its new ETag, or null where <paramref name="ifMatch"/> is given and another version stands.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="yaml">The text.</param>
    /// <param name="ifMatch">ETag that must stand; null to replace whatever stands.</param>
    /// <param name="actor">Who does it: <see cref="StoredSpec.PutBy"/>.</param>
    /// <param name="cancellation">Ends the call.</param>
    Task<string?> PutAsync(string pipeline, string yaml, string? ifMatch, string actor, CancellationToken cancellation);

    /// <summary>Names of all pipelines that have a spec, in order.</summary>
    IAsyncEnumerable<string> ListAsync(CancellationToken cancellation);
}
