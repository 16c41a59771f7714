using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Functions.Pipelines;

namespace ServerlessMlops.Functions.Training;

/// <summary>Reads a data set and makes it ready for learning. Candidates of one run ask for the same one, so the latest is kept for as long as memory allows.</summary>
public sealed class TrainingDataReader(IDatasetStore datasets, SpecReader specs) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private (string Key, WeakReference<TrainingData> Data)? _latest;

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    /// <summary>The data set's rows, divided.</summary>
    /// <exception cref="UnusableDataException">Nothing can be learned from it.</exception>
    /// <exception cref="InvalidOperationException">There is no such data set.</exception>
    public async Task<TrainingData> ReadAsync(string pipeline, string datasetId, string specHash, CancellationToken cancellation)
    {
        string key = $"{pipeline}/{datasetId}/{specHash}";
        await _one.WaitAsync(cancellation);
        try
        {
            if (_latest is { } latest && latest.Key == key && latest.Data.TryGetTarget(out TrainingData? kept))
            {
                return kept;
            }

            PipelineSpec spec = await specs.ReadVersionAsync(pipeline, specHash, cancellation);
            DatasetManifest manifest = await datasets.GetManifestAsync(pipeline, datasetId, cancellation)
                ?? throw new InvalidOperationException($"Pipeline '{pipeline}' has no data set {datasetId}.");
            ColumnTable table = await datasets.ReadAsync(pipeline, manifest, TrainingData.ColumnsFor(manifest.Schema, spec, manifest.Split), cancellation);
            TrainingData data = TrainingData.Prepare(table, spec, manifest.Split);
            _latest = (key, new WeakReference<TrainingData>(data));
            return data;
        }
        finally
        {
            _one.Release();
        }
    }
}
