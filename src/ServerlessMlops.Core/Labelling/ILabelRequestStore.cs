namespace ServerlessMlops.Core.Labelling;

/// <summary>Requests for labels, <c>labels/{pipeline}/requests/</c>, and annotation guidelines, <c>pipelines/{pipeline}.labelling.md</c>.</summary>
public interface ILabelRequestStore
{
    /// <summary>Keeps a request and what comes with it; where one of that name is there already, that one stays. Marked, so that they are not taken for answers.</summary>
    Task SaveAsync(string pipeline, string name, string csv, string guide, CancellationToken cancellation);

    /// <summary>The request as it was written, or as somebody has filled it in where it stands; null where there is none.</summary>
    Task<string?> ReadAsync(string pipeline, string name, CancellationToken cancellation);

    /// <summary>Names of the requests, newest first.</summary>
    Task<IReadOnlyList<string>> ListAsync(string pipeline, CancellationToken cancellation);

    /// <summary>The pipeline's annotation guideline, or null.</summary>
    Task<string?> ReadGuidelineAsync(string pipeline, CancellationToken cancellation);
}
