namespace ServerlessMlops.Core.Registry;

/// <summary>
/// The <c>registry</c> table: versions, the live pointer and the ledger of a pipeline, in one partition, moved by one transaction at a time.
/// Every move may be repeated: the same registration (run and model) gets the same version, a promotion of what serves changes nothing.
/// </summary>
public interface IModelRegistry
{
    /// <summary>The head; an empty one (no versions, nothing live) for a pipeline that has none.</summary>
    Task<RegistryHead> GetHeadAsync(string pipeline, CancellationToken cancellation);

    /// <summary>The version, or null.</summary>
    Task<ModelVersion?> GetVersionAsync(string pipeline, int version, CancellationToken cancellation);

    /// <summary>Versions, newest first.</summary>
    Task<Page<ModelVersion>> ListVersionsAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation);

    /// <summary>The version that holds these bytes, or null: a model that is registered is not registered again.</summary>
    Task<ModelVersion?> FindByModelAsync(string pipeline, string modelId, CancellationToken cancellation);

    /// <summary>Gives the model a version, or returns the one that it has.</summary>
    Task<ModelVersion> RegisterAsync(string pipeline, ModelRegistration model, MoveReason reason, CancellationToken cancellation);

    /// <summary>Makes the version serve; the head after.</summary>
    /// <exception cref="RegistryMoveException">There is no such version.</exception>
    Task<RegistryHead> PromoteAsync(string pipeline, int version, MoveReason reason, CancellationToken cancellation);

    /// <summary>Takes <paramref name="version"/>, which serves, out of service for the one before it; the head after.</summary>
    /// <exception cref="RegistryMoveException">It does not serve, or none served before.</exception>
    Task<RegistryHead> RollBackAsync(string pipeline, int version, MoveReason reason, CancellationToken cancellation);

    /// <summary>Records the spec in force; the head after.</summary>
    Task<RegistryHead> ChangeSpecAsync(string pipeline, string specHash, MoveReason reason, CancellationToken cancellation);

    /// <summary>
    /// Makes a move: <paramref name="move"/> gets the head and the time and says what is to be written, or null for nothing; asked again with
    /// the newer head where another move came between. The head after.
    /// </summary>
    /// <exception cref="RegistryMoveException">The move is not allowed.</exception>
    Task<RegistryHead> MoveAsync(string pipeline, Func<RegistryHead, DateTimeOffset, RegistryChange?> move, CancellationToken cancellation);

    /// <summary>As <see cref="MoveAsync"/>, for a move that is about one version and looks at its row. The version after.</summary>
    /// <exception cref="RegistryMoveException">The move is not allowed, or there is no such version.</exception>
    Task<ModelVersion> MoveVersionAsync(
        string pipeline, int version, Func<RegistryHead, ModelVersion, DateTimeOffset, RegistryChange?> move, CancellationToken cancellation);

    /// <summary>Ledger lines, newest first.</summary>
    Task<Page<LedgerEntry>> ListLedgerAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation);
}
