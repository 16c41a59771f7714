using System.Collections.Concurrent;
using System.Reflection;
using Azure.Core.Serialization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Offline.Blobs;

/// <summary>Binds <c>[BlobInput("container/{token}")]</c>. What is opened is closed with the invocation's scope.</summary>
internal sealed class BlobInputBinder(HostStorage storage, IConfiguration settings, IOptions<WorkerOptions> options) : IOfflineParameterBinder
{
    private readonly ConcurrentDictionary<ParameterInfo, (BlobPath Path, string? Connection, BlobBind Bind)> _known = new();

    public bool CanBind(ParameterInfo parameter)
    {
        if (parameter.GetCustomAttribute<BlobInputAttribute>() is not { } attribute)
        {
            return false;
        }

        _known[parameter] = (new BlobPath(SettingNames.Resolve(attribute.BlobPath, settings)), attribute.Connection, BlobValue.For(parameter.ParameterType));
        storage.Needed = true;
        return true;
    }

    public async ValueTask<object?> BindAsync(ParameterInfo parameter, FunctionContext context, CancellationToken cancellation)
    {
        (BlobPath path, string? connection, BlobBind bind) = _known[parameter];
        (string container, string name) = path.Of(context.BindingContext.BindingData);
        ObjectSerializer? serializer = options.Value.Serializer;
        return await bind(storage.Blobs(connection).GetBlobContainerClient(container), name, serializer, cancellation);
    }
}
