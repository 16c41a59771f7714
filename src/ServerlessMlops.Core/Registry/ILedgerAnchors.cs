namespace ServerlessMlops.Core.Registry;

/// <summary>The <c>ledger</c> container: <c>{p}/{yyyy-MM-dd}.json</c>, one anchor a day, made if absent and never changed. Give it an immutability policy.</summary>
public interface ILedgerAnchors
{
    /// <summary>Writes the day's anchor; the first of a day stands.</summary>
    Task AnchorAsync(string pipeline, LedgerAnchor anchor, CancellationToken cancellation);

    /// <summary>All anchors of a pipeline, oldest first.</summary>
    Task<IReadOnlyList<LedgerAnchor>> ListAsync(string pipeline, CancellationToken cancellation);
}
