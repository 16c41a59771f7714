using System.Globalization;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Monitoring;

namespace ServerlessMlops.Storage.Monitoring;

/// <summary>The <c>monitoring</c> container: <c>{pipeline}/{yyyy}/{MM}/{dd}/{HHmmss}-v{version}.json</c>, a report by the time its window ended.</summary>
public sealed class MonitoringContainer(BlobServiceClient service) : IMonitorReports
{
    /// <summary>Name of the container.</summary>
    public const string Name = "monitoring";

    private readonly LazyContainer _container = new(service, Name);

    /// <inheritdoc/>
    public async Task<MonitorReport> SaveAsync(MonitorReport report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(report);
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string path = Path(report.Pipeline, report.Version, report.Until);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(report, MlopsJson.Indented);
        return await BlobWrites.CreateAsync(container.GetBlobClient(path), new BinaryData(json), "application/json", cancellation) ? report : await ReadAsync(path, cancellation) ?? report;
    }

    /// <inheritdoc/>
    public Task<MonitorReport?> GetAsync(string pipeline, int version, DateTimeOffset until, CancellationToken cancellation) =>
        ReadAsync(Path(pipeline, version, until), cancellation);

    /// <inheritdoc/>
    public async Task<MonitorReport?> GetLatestAsync(string pipeline, DateTimeOffset now, TimeSpan within, int? version, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string suffix = string.Create(CultureInfo.InvariantCulture, $"-v{version}.json");
        string end = string.Create(CultureInfo.InvariantCulture, $"{pipeline}/{now.UtcDateTime:yyyy'/'MM'/'dd'/'HHmmss}~");

        // Nearly always there is one of the same day; else whole months are listed, which are a page each.
        foreach (string prefix in Prefixes(now.UtcDateTime, (now - within).UtcDateTime).Select(period => $"{pipeline}/{period}"))
        {
            string? last = null;
            await foreach (BlobItem blob in container.ListAsync(prefix, cancellation))
            {
                if (string.CompareOrdinal(blob.Name, end) < 0 && (version is null || blob.Name.EndsWith(suffix, StringComparison.Ordinal)))
                {
                    last = blob.Name;
                }
            }

            if (last is not null)
            {
                MonitorReport? report = await ReadAsync(last, cancellation);
                return report?.Until >= now - within ? report : null;
            }
        }

        return null;
    }

    private static IEnumerable<string> Prefixes(DateTime newest, DateTime oldest)
    {
        yield return newest.ToString("yyyy'/'MM'/'dd'/'", CultureInfo.InvariantCulture);
        for (var month = new DateTime(newest.Year, newest.Month, 1); month.AddMonths(1) > oldest; month = month.AddMonths(-1))
        {
            yield return month.ToString("yyyy'/'MM'/'", CultureInfo.InvariantCulture);
        }
    }

    /// <inheritdoc/>
    public async Task<int> DeleteBeforeAsync(string pipeline, DateTimeOffset before, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string end = string.Create(CultureInfo.InvariantCulture, $"{pipeline}/{before.UtcDateTime:yyyy'/'MM'/'dd}/");
        int deleted = 0;

        // Down from years to days, and only into what begins before the end: reports that are kept are not listed.
        var folders = new Stack<string>([$"{pipeline}/"]);
        while (folders.TryPop(out string? folder))
        {
            await foreach (BlobHierarchyItem item in container.ListLevelAsync(folder, cancellation))
            {
                if (item.IsBlob)
                {
                    await container.DeleteBlobIfExistsAsync(item.Blob.Name, cancellationToken: cancellation);
                    deleted++;
                }
                else if (string.CompareOrdinal(item.Prefix, end) < 0)
                {
                    folders.Push(item.Prefix);
                }
            }
        }

        return deleted;
    }

    private static string Path(string pipeline, int version, DateTimeOffset until) =>
        string.Create(CultureInfo.InvariantCulture, $"{pipeline}/{until.UtcDateTime:yyyy'/'MM'/'dd'/'HHmmss}-v{version}.json");

    private Task<MonitorReport?> ReadAsync(string path, CancellationToken cancellation) => BlobReads.FindJsonAsync<MonitorReport>(_container, path, cancellation);
}
