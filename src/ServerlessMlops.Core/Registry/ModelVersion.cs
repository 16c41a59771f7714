namespace ServerlessMlops.Core.Registry;

/// <summary>Where a version is in its life.</summary>
public enum ModelStage
{
    /// <summary>It has a version and has not served.</summary>
    Registered,

    /// <summary>A rollout tries it beside the version that serves.</summary>
    Challenging,

    /// <summary>It serves.</summary>
    Serving,

    /// <summary>It served.</summary>
    Retired,

    /// <summary>A person has put it away: it is kept, and cannot be promoted before it is taken out again.</summary>
    Archived,

    /// <summary>Its bytes are gone, or about to go; its card and its ledger lines stay.</summary>
    Deleted,
}

/// <summary>A registered model: a row of the registry. What the row only names stands in the model card.</summary>
public sealed record ModelVersion
{
    /// <summary>Dense: 1, 2, 3 ...</summary>
    public required int Version { get; init; }

    /// <summary>SHA-256 of the model's bytes.</summary>
    public required string ModelId { get; init; }

    /// <summary>The data set it was trained on.</summary>
    public required string DatasetId { get; init; }

    /// <summary>Hash of the spec it was trained by.</summary>
    public required string SpecHash { get; init; }

    /// <summary>The candidate that won: <c>boosting</c>, <c>linear</c>, <c>baseline</c> ...</summary>
    public required string Candidate { get; init; }

    /// <summary>The training run.</summary>
    public required string RunId { get; init; }

    /// <summary>When it was registered.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Metrics on the hold-out, by name.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Where it is in its life.</summary>
    public ModelStage Stage { get; init; }

    /// <summary>What people note on it, by key; see <see cref="VersionMoves"/> for the bounds.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether a person lets it go live; null where nobody was asked.</summary>
    public ModelApproval? Approval { get; init; }
}

/// <summary>A model on its way into the registry: a version without its number.</summary>
public sealed record ModelRegistration
{
    /// <inheritdoc cref="ModelVersion.ModelId"/>
    public required string ModelId { get; init; }

    /// <inheritdoc cref="ModelVersion.DatasetId"/>
    public required string DatasetId { get; init; }

    /// <inheritdoc cref="ModelVersion.SpecHash"/>
    public required string SpecHash { get; init; }

    /// <inheritdoc cref="ModelVersion.Candidate"/>
    public required string Candidate { get; init; }

    /// <inheritdoc cref="ModelVersion.RunId"/>
    public required string RunId { get; init; }

    /// <inheritdoc cref="ModelVersion.Metrics"/>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }
}

/// <summary>Who moves the registry, why, on what evidence.</summary>
/// <param name="Actor">See <see cref="LedgerEntry.Actor"/>.</param>
/// <param name="Why">See <see cref="LedgerEntry.Why"/>.</param>
/// <param name="Evidence">See <see cref="LedgerEntry.Evidence"/>.</param>
public sealed record MoveReason(string Actor, string Why, string Evidence);
