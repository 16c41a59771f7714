using System.Collections.Concurrent;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Offline.Blobs;

/// <summary>
/// Watches containers by listing them, and calls a function once for each version (ETag) of a blob that fits its path. A receipt a version in
/// <c>azure-webjobs-hosts/blobreceipts</c> remembers what was done over restarts. A function that fails is called five times in all
/// (<c>extensions.blobs.poisonBlobThreshold</c>); then the version is put on the queue <c>webjobs-blobtrigger-poison</c>.
/// </summary>
internal sealed partial class BlobListener(
    HostStorage storage, TriggeredInvocations invocations, HostJson hostJson, IConfiguration settings, IOptions<WorkerOptions> options, TimeProvider time,
    ILogger<BlobListener> logger) : IOfflineTriggerListener, IDisposable
{
    private static readonly TimeSpan ShortestPoll = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(2);

    private readonly List<Watch> _watches = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly SemaphoreSlim _slots = new(hostJson.MaxBlobs);
    private Task[] _loops = [];

    public bool CanHandle(OfflineFunction function) => function.TriggerAttribute is BlobTriggerAttribute;

    public void Register(OfflineFunction function)
    {
        var trigger = (BlobTriggerAttribute)function.TriggerAttribute;
        storage.Needed = true;
        string path = SettingNames.Resolve(trigger.BlobPath, settings);
        Type type = function.TriggerParameter.ParameterType;
        if (type == typeof(BlobContainerClient) && path.Contains('/', StringComparison.Ordinal))
        {
            throw new ArgumentException($"its blob trigger binds a {nameof(BlobContainerClient)} to the path '{path}'; expected a container alone, or a {nameof(BlobClient)}.");
        }

        storage.Blobs(trigger.Connection); // a setting that names no account is a fault of the app, not of a blob
        _watches.Add(new Watch(function, BlobPattern.Parse(path), trigger.Connection, BlobValue.For(type)));
    }

    public Task StartAsync(CancellationToken cancellation)
    {
        _loops = [.. _watches.Select(w => Task.Run(() => LoopAsync(w), CancellationToken.None))];
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken drain)
    {
        await _stop.CancelAsync();
        await using CancellationTokenRegistration abort = drain.Register(_abort.Cancel);
        await Task.WhenAll(_loops);
        await Task.WhenAll(_watches.SelectMany(w => w.Running.Values));
    }

    public void Dispose()
    {
        _stop.Dispose();
        _abort.Dispose();
        _slots.Dispose();
    }

    private async Task LoopAsync(Watch watch)
    {
        TimeSpan wait = ShortestPoll;
        bool faulted = false;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                bool found = await ScanAsync(watch);
                wait = found ? ShortestPoll : Min(wait * 1.5, LongestPoll);
                faulted = false;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is RequestFailedException or AggregateException or IOException)
            {
                if (!faulted)
                {
                    LogScanFault(logger, watch.Pattern.Container, watch.Function.Name, e);
                    faulted = true; // said once, until it works again
                }
            }

            try
            {
                await Task.Delay(wait, time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>One listing; returns whether something new was in it. What is new runs beside further listings.</summary>
    private async Task<bool> ScanAsync(Watch watch)
    {
        BlobContainerClient container = storage.Blobs(watch.Connection).GetBlobContainerClient(watch.Pattern.Container);
        bool found = false;
        try
        {
            await foreach (BlobItem blob in container.GetBlobsAsync(BlobTraits.Metadata, prefix: watch.Pattern.Prefix, cancellationToken: _stop.Token))
            {
                string etag = blob.Properties.ETag!.Value.ToString().Trim('"');
                if ((watch.Done.TryGetValue(blob.Name, out string? done) && done == etag) || watch.Running.ContainsKey((blob.Name, etag)))
                {
                    continue;
                }

                if (watch.Pattern.Match(blob.Name) is not { } tokens)
                {
                    continue;
                }

                found = true;
                await _slots.WaitAsync(_stop.Token);
                var gone = new TaskCompletionSource();
                watch.Running[(blob.Name, etag)] = gone.Task;
                _ = RunAsync(watch, container, blob, etag, tokens, gone);
            }
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            watch.Done.Clear(); // the container is not there (yet)
        }

        return found;
    }

    private async Task RunAsync(Watch watch, BlobContainerClient container, BlobItem blob, string etag, Dictionary<string, object?> tokens, TaskCompletionSource gone)
    {
        await Task.Yield();
        try
        {
            await HandleAsync(watch, container, blob, etag, tokens);
            watch.Done[blob.Name] = etag;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Told to stop between two tries, or out of time: the next process finds no receipt and begins again.
        }
        catch (Exception e)
        {
            LogHandleFault(logger, watch.Function.Name, blob.Name, e); // storage failed; a later listing brings it again
        }
        finally
        {
            _slots.Release();
            watch.Running.TryRemove((blob.Name, etag), out _);
            gone.SetResult();
        }
    }

    private async Task HandleAsync(Watch watch, BlobContainerClient container, BlobItem blob, string etag, Dictionary<string, object?> tokens)
    {
        BlobContainerClient hosts = await storage.HostsContainerAsync(_abort.Token);
        BlobClient receipt = hosts.GetBlobClient($"blobreceipts/{storage.HostId}/{watch.Function.Name}/{etag}/{container.Name}/{blob.Name}");
        if (await receipt.ExistsAsync(_abort.Token))
        {
            return;
        }

        tokens["BlobTrigger"] = $"{container.Name}/{blob.Name}";
        tokens["Uri"] = JsonSerializer.Serialize(container.GetBlobClient(blob.Name).Uri); // as the host sends it: JSON
        tokens["Properties"] = JsonSerializer.Serialize(new
        {
            blob.Properties.LastModified, blob.Properties.ContentLength, blob.Properties.ContentType, ETag = $"\"{etag}\"", BlobType = (int?)blob.Properties.BlobType,
        });
        tokens["Metadata"] = JsonSerializer.Serialize(blob.Metadata);
        Exception? failure = null;
        for (int attempt = 1; attempt <= hostJson.PoisonBlobThreshold; attempt++)
        {
            _stop.Token.ThrowIfCancellationRequested();
            failure = await TryOnceAsync(watch, container, blob.Name, tokens);
            if (failure is null)
            {
                break;
            }

            _abort.Token.ThrowIfCancellationRequested();
            LogFailed(logger, watch.Function.Name, blob.Name, attempt, hostJson.PoisonBlobThreshold, failure);
        }

        if (failure is not null)
        {
            await PoisonAsync(watch, container.Name, blob, etag);
        }

        await receipt.UploadAsync(BinaryData.FromString(""), overwrite: true, _abort.Token);
    }

    private async Task<Exception?> TryOnceAsync(Watch watch, BlobContainerClient container, string name, Dictionary<string, object?> tokens)
    {
        object? value = null;
        try
        {
            value = await watch.Bind(container, name, options.Value.Serializer, _abort.Token);
            await invocations.InvokeAsync(watch.Function, value, tokens, retry: null, _abort.Token);
            return null;
        }
        catch (RequestFailedException e) when (e.Status == 404 && value is null)
        {
            return null; // deleted before it could be bound: there is no such version any more
        }
        catch (Exception e)
        {
            return e; // the caller tries again, then puts it on the poison queue
        }
        finally
        {
            (value as IDisposable)?.Dispose();
        }
    }

    private async Task PoisonAsync(Watch watch, string container, BlobItem blob, string etag)
    {
        QueueClient queue = storage.Queues(watch.Connection).GetQueueClient("webjobs-blobtrigger-poison");
        await queue.CreateIfNotExistsAsync(cancellationToken: _abort.Token);
        string message = JsonSerializer.Serialize(new
        {
            Type = "BlobTrigger",
            FunctionId = $"Host.Functions.{watch.Function.Name}",
            BlobType = $"{blob.Properties.BlobType}Blob",
            ContainerName = container,
            BlobName = blob.Name,
            ETag = $"\"{etag}\"",
        });
        await queue.SendMessageAsync(message, _abort.Token);
        LogPoison(logger, watch.Function.Name, blob.Name, hostJson.PoisonBlobThreshold);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    [LoggerMessage(11, LogLevel.Error, "{Function} failed on blob {Blob} (try {Attempt} of {Tries})")]
    private static partial void LogFailed(ILogger logger, string function, string blob, int attempt, int tries, Exception exception);

    [LoggerMessage(12, LogLevel.Error, "{Function} failed {Tries} times on blob {Blob}; it is on the queue webjobs-blobtrigger-poison")]
    private static partial void LogPoison(ILogger logger, string function, string blob, int tries);

    [LoggerMessage(13, LogLevel.Warning, "Container {Container} cannot be listed for {Function}; trying on")]
    private static partial void LogScanFault(ILogger logger, string container, string function, Exception exception);

    [LoggerMessage(14, LogLevel.Warning, "{Function} could not be called on blob {Blob}, or its end not be kept; trying on")]
    private static partial void LogHandleFault(ILogger logger, string function, string blob, Exception exception);

    /// <summary>A function, what it watches, and which version of each blob it has dealt with (as far as this process knows) or is dealing with.</summary>
    private sealed record Watch(OfflineFunction Function, BlobPattern Pattern, string? Connection, BlobBind Bind)
    {
        public ConcurrentDictionary<string, string> Done { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<(string Name, string ETag), Task> Running { get; } = new();
    }
}
