using System.Text.Json.Nodes;

namespace ServerlessMlops.Core.Lineage;

/// <summary>The <c>lineage</c> container: <c>{p}/{runId}/{attempt}-{EVENT}.json</c>, one OpenLineage event each, made if absent.</summary>
public interface ILineageStore
{
    /// <summary>Name of the storage account, for the names of data sets.</summary>
    string Account { get; }

    /// <summary>Keeps an event; the first of its kind and attempt stands.</summary>
    Task SaveAsync(string pipeline, string runId, int attempt, JsonObject lineageEvent, CancellationToken cancellation);

    /// <summary>The events of a run, by attempt and time.</summary>
    Task<IReadOnlyList<JsonObject>> ListAsync(string pipeline, string runId, CancellationToken cancellation);
}
