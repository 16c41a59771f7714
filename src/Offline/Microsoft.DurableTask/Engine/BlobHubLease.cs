using System.Diagnostics;
using System.Globalization;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Engine;

/// <summary>
/// The lease of a blob says who owns the hub. It runs out by itself when its holder dies; if the holder was a process of this machine that
/// is gone (kill -9), the next one does not wait for that.
/// </summary>
internal sealed partial class BlobHubLease(BlobServiceClient blobs, string hubName, TimeProvider time, ILoggerFactory loggerFactory) : IHubLease
{
    // The shortest that the service grants below a minute, so that a take-over is quick; renewed in thirds.
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RenewInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = loggerFactory.CreateLogger("Microsoft.DurableTask.Lease");
    private readonly BlobClient _blob = blobs.GetBlobContainerClient(HubNames.LeaseContainer(hubName)).GetBlobClient("owner");
    private readonly string _leaseId = Guid.NewGuid().ToString();
    private CancellationTokenSource? _held;
    private Task? _renewal;

    public async Task<CancellationToken> AcquireAsync(CancellationToken cancellationToken)
    {
        await EndRenewalAsync();
        var container = blobs.GetBlobContainerClient(HubNames.LeaseContainer(hubName));
        await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        await CreateBlobAsync(cancellationToken);

        var lease = _blob.GetBlobLeaseClient(_leaseId);
        for (var waited = false; !await TryAcquireAsync(lease, cancellationToken); waited = true)
        {
            if (await IsHolderDeadAsync(cancellationToken))
            {
                LogBroken();
                await lease.BreakAsync(TimeSpan.Zero, cancellationToken: cancellationToken);
                continue;
            }

            if (!waited)
            {
                LogWaiting(hubName);
            }

            await Task.Delay(RetryInterval, time, cancellationToken);
        }

        await _blob.SetMetadataAsync(Describe(), new BlobRequestConditions { LeaseId = _leaseId }, cancellationToken);
        _held = new CancellationTokenSource();
        _renewal = RenewAsync(lease, _held);
        return _held.Token;
    }

    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        var wasHeld = _held is { IsCancellationRequested: false };
        await EndRenewalAsync();
        if (!wasHeld)
        {
            return;
        }

        try
        {
            await _blob.GetBlobLeaseClient(_leaseId).ReleaseAsync(cancellationToken: cancellationToken);
        }
        catch (RequestFailedException exception)
        {
            // The lease runs out by itself.
            LogReleaseFailed(exception);
        }
    }

    public async ValueTask DisposeAsync() => await EndRenewalAsync();

    private static Dictionary<string, string> Describe()
    {
        using var self = Process.GetCurrentProcess();
        return new Dictionary<string, string>
        {
            ["machine"] = Uri.EscapeDataString(Environment.MachineName),
            ["process"] = self.Id.ToString(CultureInfo.InvariantCulture),
            ["started"] = StartTime(self),
        };
    }

    private static string StartTime(Process process) =>
        process.StartTime.ToUniversalTime().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);

    private async Task CreateBlobAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _blob.UploadAsync(
                BinaryData.FromString(string.Empty),
                new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } },
                cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.Status is 409 or 412)
        {
            // It is there, leased or not.
        }
    }

    private static async Task<bool> TryAcquireAsync(BlobLeaseClient lease, CancellationToken cancellationToken)
    {
        try
        {
            await lease.AcquireAsync(Duration, cancellationToken: cancellationToken);
            return true;
        }
        catch (RequestFailedException exception) when (exception.Status == 409)
        {
            return false;
        }
    }

    private async Task<bool> IsHolderDeadAsync(CancellationToken cancellationToken)
    {
        var holder = (await _blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value.Metadata;
        if (!holder.TryGetValue("machine", out var machine)
            || machine != Uri.EscapeDataString(Environment.MachineName)
            || !holder.TryGetValue("process", out var idText)
            || !int.TryParse(idText, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(id);
            return process.HasExited || (holder.TryGetValue("started", out var started) && started != StartTime(process));
        }
        catch (ArgumentException)
        {
            return true;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private async Task RenewAsync(BlobLeaseClient lease, CancellationTokenSource held)
    {
        var renewedAt = time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(RenewInterval, time, held.Token);
                try
                {
                    await lease.RenewAsync(cancellationToken: held.Token);
                    renewedAt = time.GetTimestamp();
                }
                catch (RequestFailedException exception) when (exception.Status is 404 or 409 or 412)
                {
                    LogLost(exception);
                    await held.CancelAsync();
                    return;
                }
                catch (RequestFailedException exception) when (time.GetElapsedTime(renewedAt) > Duration)
                {
                    LogLost(exception);
                    await held.CancelAsync();
                    return;
                }
                catch (RequestFailedException exception)
                {
                    LogRenewalFailed(exception);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The hub was given up.
        }
    }

    private async Task EndRenewalAsync()
    {
        if (_held is not null && _renewal is not null)
        {
            await _held.CancelAsync();
            await _renewal;
            _held.Dispose();
            _held = null;
            _renewal = null;
        }
    }

    [LoggerMessage(20, LogLevel.Information, "Another process owns the task hub '{HubName}'; waiting for its turn.")]
    private partial void LogWaiting(string hubName);

    [LoggerMessage(21, LogLevel.Information, "The process that owned the task hub is gone; its lease is broken.")]
    private partial void LogBroken();

    [LoggerMessage(22, LogLevel.Warning, "The lease of the task hub is lost.")]
    private partial void LogLost(Exception exception);

    [LoggerMessage(23, LogLevel.Warning, "The lease of the task hub could not be renewed; trying again.")]
    private partial void LogRenewalFailed(Exception exception);

    [LoggerMessage(24, LogLevel.Warning, "The lease of the task hub could not be given back; it runs out by itself.")]
    private partial void LogReleaseFailed(Exception exception);
}
