using System.Reflection;
using System.Text;
using Azure.Core.Serialization;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Offline.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>Carries out what a function's result is bound to: a blob, the HTTP response, or several by the result's properties.</summary>
internal sealed class OutputBindings(HostStorage storage, IConfiguration settings, IOptions<WorkerOptions> options)
{
    /// <summary>What to do with the function's result, and what of it is the answer to its trigger; null where the result is bound to nothing.</summary>
    /// <exception cref="InvalidOperationException">An output attribute is not known here.</exception>
    public Func<object?, OfflineFunctionContext, ValueTask<object?>>? For(OfflineFunction function)
    {
        if (Writer(function.Method, function) is { } whole)
        {
            return async (result, context) =>
            {
                await whole(result, context);
                return null;
            };
        }

        Type type = function.Method.ReturnType;
        if (type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(Task<>) || type.GetGenericTypeDefinition() == typeof(ValueTask<>)))
        {
            type = type.GetGenericArguments()[0];
        }

        PropertyInfo[] properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
        PropertyInfo? answer = Array.Find(properties, p => p.IsDefined(typeof(HttpResultAttribute)));
        (PropertyInfo Property, Func<object?, OfflineFunctionContext, Task> Write)[] writers =
            [.. properties.Where(p => p != answer).Select(p => (p, Writer(p, function)!)).Where(w => w.Item2 is not null)];
        if (answer is null && writers.Length == 0)
        {
            return null;
        }

        return async (result, context) =>
        {
            foreach ((PropertyInfo property, Func<object?, OfflineFunctionContext, Task> write) in result is null ? [] : writers)
            {
                await write(property.GetValue(result), context);
            }

            return result is null ? null : answer?.GetValue(result);
        };
    }

    private Func<object?, OfflineFunctionContext, Task>? Writer(MemberInfo member, OfflineFunction function)
    {
        OutputBindingAttribute? attribute = member.GetCustomAttribute<OutputBindingAttribute>();
        if (attribute is null or HttpResultAttribute)
        {
            return null;
        }

        if (attribute is not BlobOutputAttribute blob)
        {
            throw new InvalidOperationException($"Function '{function.Name}': nothing here writes to a {attribute.GetType().Name}.");
        }

        var path = new BlobPath(SettingNames.Resolve(blob.BlobPath, settings));
        return (value, context) => value is null ? Task.CompletedTask : WriteAsync(path.Of(context.BindingContext.BindingData), blob.Connection, value, context.CancellationToken);
    }

    private async Task WriteAsync((string Container, string Name) path, string? connection, object value, CancellationToken cancellation)
    {
        BlobContainerClient container = storage.Blobs(connection).GetBlobContainerClient(path.Container);
        await container.CreateIfNotExistsAsync(cancellationToken: cancellation);
        BlobClient blob = container.GetBlobClient(path.Name);
        Stream content = value switch
        {
            Stream stream => stream,
            byte[] bytes => new MemoryStream(bytes),
            string text => new MemoryStream(Encoding.UTF8.GetBytes(text)),
            BinaryData data => data.ToStream(),
            _ => await SerializeAsync(value, cancellation),
        };
        await using (content)
        {
            await blob.UploadAsync(content, overwrite: true, cancellation);
        }
    }

    private async Task<Stream> SerializeAsync(object value, CancellationToken cancellation)
    {
        ObjectSerializer serializer = options.Value.Serializer ?? throw new InvalidOperationException("WorkerOptions.Serializer is null; set one or leave the default.");
        var content = new MemoryStream();
        await serializer.SerializeAsync(content, value, value.GetType(), cancellation);
        content.Position = 0;
        return content;
    }
}
