using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Uploads;

/// <summary>Counts the requests for blobs and the bytes that come back.</summary>
internal sealed class RangeReads : HttpPipelineSynchronousPolicy
{
    private int _requests;
    private long _bytes;

    public int Requests => _requests;

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>A client whose requests are counted.</summary>
    public static (BlobServiceClient Service, RangeReads Reads) Client(AzuriteFixture azurite)
    {
        var reads = new RangeReads();
        var options = new BlobClientOptions();
        options.AddPolicy(reads, HttpPipelinePosition.PerRetry);
        return (new BlobServiceClient(azurite.ConnectionString, options), reads);
    }

    public void Restart() => (_requests, _bytes) = (0, 0);

    public override void OnReceivedResponse(HttpMessage message)
    {
        if (message.Request.Method == RequestMethod.Get || message.Request.Method == RequestMethod.Head)
        {
            Interlocked.Increment(ref _requests);
            Interlocked.Add(ref _bytes, message.Request.Method == RequestMethod.Get ? message.Response.Headers.ContentLength ?? 0 : 0);
        }
    }
}
