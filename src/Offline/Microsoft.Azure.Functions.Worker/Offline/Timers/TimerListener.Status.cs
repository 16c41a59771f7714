using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Microsoft.Azure.Functions.Worker.Offline.Timers;

// The blob of a timer: its lease says who fires it, its content when it fired last.
internal sealed partial class TimerListener
{
    private async Task RenewAsync(BlobLeaseClient lease, CancellationTokenSource held)
    {
        try
        {
            while (true)
            {
                await Task.Delay(LeaseTime / 3, time, held.Token);
                await lease.RenewAsync(cancellationToken: held.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The timer stops.
        }
        catch (RequestFailedException)
        {
            await held.CancelAsync(); // the lease is lost: stop firing before another begins
        }
    }

    private static async Task CreateAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            await blob.UploadAsync(BinaryData.FromString(""), new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            // It is there, perhaps leased.
        }
    }

    private static async Task<ScheduleStatus?> ReadAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            BlobDownloadResult found = await blob.DownloadContentAsync(cancellation);
            return JsonSerializer.Deserialize<ScheduleStatus>(found.Content.ToMemory().Span);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private static async Task WriteAsync(BlobClient blob, Timer timer, ScheduleStatus status, CancellationToken cancellation)
    {
        if (timer.Monitored)
        {
            await blob.UploadAsync(BinaryData.FromObjectAsJson(status), overwrite: true, cancellation);
        }
    }
}
