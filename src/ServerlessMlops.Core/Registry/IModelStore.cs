using ServerlessMlops.Core.Training;

namespace ServerlessMlops.Core.Registry;

/// <summary>The <c>models</c> container: bytes and cards. Candidates are kept by run, registered models by version; nothing is overwritten.</summary>
public interface IModelStore
{
    /// <summary>Keeps a candidate's bytes: <c>{pipeline}/runs/{runId}/{candidate}.onnx</c>. Returns their id.</summary>
    Task<string> SaveCandidateAsync(string pipeline, string runId, string candidate, ReadOnlyMemory<byte> onnx, CancellationToken cancellation);

    /// <summary>A candidate's bytes, checked against <paramref name="modelId"/>.</summary>
    /// <exception cref="InvalidDataException">The bytes are not those of that id.</exception>
    Task<ReadOnlyMemory<byte>> LoadCandidateAsync(string pipeline, string runId, string candidate, string modelId, CancellationToken cancellation);

    /// <summary>Keeps a run's search: <c>{pipeline}/runs/{runId}/search.json</c>. Returns its path, container included.</summary>
    Task<string> SaveSearchAsync(string pipeline, string runId, SearchRecord search, CancellationToken cancellation);

    /// <summary>A run's search, or null where it made none.</summary>
    Task<SearchRecord?> LoadSearchAsync(string pipeline, string runId, CancellationToken cancellation);

    /// <summary>Keeps a registered model: <c>{pipeline}/{version}/model.onnx</c>, then <c>model.json</c>, whose presence means both are there.</summary>
    Task SaveVersionAsync(string pipeline, int version, ReadOnlyMemory<byte> onnx, ModelCard card, CancellationToken cancellation);

    /// <summary>Deletes the bytes of a version, its candidate's included; the card stays. Repeating it changes nothing.</summary>
    Task DeleteModelAsync(string pipeline, ModelVersion version, CancellationToken cancellation);

    /// <summary>The card of a version, or null where it is not (yet) there.</summary>
    Task<ModelCard?> LoadCardAsync(string pipeline, int version, CancellationToken cancellation);

    /// <summary>The bytes of a version, checked against its card's id.</summary>
    /// <exception cref="InvalidDataException">The bytes are not those that the card names.</exception>
    Task<ReadOnlyMemory<byte>> LoadModelAsync(string pipeline, int version, ModelCard card, CancellationToken cancellation);

    /// <summary>A model that somebody dropped: <c>{pipeline}/incoming/{name}</c>; null where that version of it is gone.</summary>
    /// <exception cref="InvalidDataException">It is larger than any model that is read.</exception>
    Task<ReadOnlyMemory<byte>?> LoadIncomingAsync(string pipeline, string name, string etag, CancellationToken cancellation);
}
