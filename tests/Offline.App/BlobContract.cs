using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Azure.Functions.Worker;

namespace ServerlessMlops.Offline.App;

/// <summary>Blob functions: one a type that can be bound, one that fails, one that takes its time.</summary>
public sealed class BlobContract(Calls calls)
{
    private static int _running;
    private static int _most;

    [Function("BlobText")]
    public Task Text([BlobTrigger("%IN%/text/{a}/{b}.txt")] string content, string a, string b, FunctionContext context) => calls.AddAsync(
        "BlobText",
        $"{a}|{b}|{content}|{context.BindingContext.BindingData["BlobTrigger"]}|{context.BindingContext.BindingData["Metadata"]}|{context.BindingContext.BindingData["Uri"]}");

    [Function("BlobBytes")]
    public Task Bytes([BlobTrigger("%IN%/bytes/{name}")] byte[] content, string name, Uri uri) => calls.AddAsync("BlobBytes", $"{name}|{Convert.ToHexString(content)}|{uri.AbsolutePath}");

    [Function("BlobStream")]
    public async Task StreamOf([BlobTrigger("%IN%/stream/{name}")] Stream content, string name)
    {
        using var reader = new StreamReader(content);
        await calls.AddAsync("BlobStream", $"{name}|{await reader.ReadToEndAsync()}");
    }

    [Function("BlobData")]
    public Task Data([BlobTrigger("%IN%/data/{name}")] BinaryData content, string name) => calls.AddAsync("BlobData", $"{name}|{content}");

    [Function("BlobPoco")]
    public Task Poco([BlobTrigger("%IN%/poco/{name}.json", Connection = "Other")] Order order, string name) => calls.AddAsync("BlobPoco", $"{name}|{order.Count} {order.Item}");

    [Function("BlobClients")]
    public async Task Client([BlobTrigger("%IN%/client/{name}")] BlobClient blob, string name)
    {
        BlobProperties properties = await blob.GetPropertiesAsync();
        await calls.AddAsync("BlobClients", $"{name}|{properties.ContentLength}|{blob.BlobContainerName}");
    }

    [Function("BlobBase")]
    public Task Base([BlobTrigger("%IN%/base/{name}")] BlobBaseClient blob) => calls.AddAsync("BlobBase", blob.Name);

    [Function("BlobBlock")]
    public Task Block([BlobTrigger("%IN%/block/{name}")] BlockBlobClient blob) => calls.AddAsync("BlobBlock", blob.Name);

    [Function("BlobFails")]
    public async Task Fails([BlobTrigger("%IN%/fails/{name}")] string content, string name)
    {
        await calls.AddAsync("BlobFails", $"{name}|{content}");
        throw new InvalidOperationException($"no good: {name}");
    }

    [Function("BlobSlow")]
    public async Task Slow([BlobTrigger("%IN%/slow/{name}")] string content, string name, CancellationToken cancellation)
    {
        int now = Interlocked.Increment(ref _running);
        HttpContract.InterlockedMax(ref _most, now);
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(600), TimeProvider.System, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }

        await calls.AddAsync("BlobSlow", $"{name}|{Volatile.Read(ref _most)}");
    }

    [Function("BlobNever")]
    public async Task Never([BlobTrigger("%IN%/never/{name}")] string content, string name, CancellationToken cancellation)
    {
        await calls.AddAsync("BlobNever", name);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
    }

    [Function("BlobCopy")]
    [BlobOutput("%OUT%/copies/{name}")]
    public static string Copy([BlobTrigger("%IN%/copy/{name}")] string content, string name) => $"{name}: {content}";
}
