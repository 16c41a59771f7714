namespace ServerlessMlops.Core.Scoring.Predictions;

/// <summary>The end of the prediction log's files.</summary>
public interface IPredictionRetention
{
    /// <summary>Deletes the files of a pipeline whose hour ended before a time; may be repeated. Gives how many.</summary>
    Task<int> DeleteBeforeAsync(string pipeline, DateTimeOffset time, CancellationToken cancellation);
}
