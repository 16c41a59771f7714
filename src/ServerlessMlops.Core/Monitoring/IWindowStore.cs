namespace ServerlessMlops.Core.Monitoring;

/// <summary>The <c>windows</c> table: counts per minute, instance and model version.</summary>
public interface IWindowStore
{
    /// <summary>Keeps the row. A row that is there already stays: it holds the same counts.</summary>
    /// <returns>False where it was there.</returns>
    Task<bool> AppendAsync(WindowRow row, CancellationToken cancellation);

    /// <summary>Rows of a model version whose minute is in [<paramref name="from"/>, <paramref name="until"/>), by time.</summary>
    IAsyncEnumerable<WindowRow> ReadAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>Deletes the rows of a model version of all hours that ended by <paramref name="before"/>; none is fine. Returns how many.</summary>
    Task<int> DeleteBeforeAsync(string pipeline, int version, DateTimeOffset before, CancellationToken cancellation);
}
