namespace ServerlessMlops.Core.Monitoring;

/// <summary>The <c>windows</c> table: counts per minute, instance and model version.</summary>
public interface IWindowStore
{
    /// <summary>Keeps the row. A row that is there already stays: it holds the same counts.</summary>
    /// <returns>False where it was there.</returns>
    Task<bool> AppendAsync(WindowRow row, CancellationToken cancellation);

    /// <summary>Rows of a model version whose minute is in [<paramref name="from"/>, <paramref name="until"/>), by time.</summary>
    IAsyncEnumerable<WindowRow> ReadAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>Deletes the rows of a model version in the hour that begins at <paramref name="hour"/>; none is fine. Returns how many.</summary>
    Task<int> DeleteHourAsync(string pipeline, int version, DateTimeOffset hour, CancellationToken cancellation);
}
