using System.Net.Http.Headers;
using System.Text.Json;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>A channel that is a JSON document posted to a URL; what is different from one service to another is in the heirs.</summary>
public abstract class HttpAlertChannel(ChannelHttp http) : IAlertChannel
{
    /// <inheritdoc/>
    public abstract AlertTarget Target { get; }

    /// <summary>Type of the document.</summary>
    protected virtual string ContentType => "application/json; charset=utf-8";

    /// <inheritdoc/>
    public Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notification);
        ArgumentNullException.ThrowIfNull(address);
        if (Document(notification, address) is not { } document)
        {
            return Task.FromResult(new ChannelOutcome(true, 0, "Nothing that this service needs to be told."));
        }

        byte[] body = JsonSerializer.SerializeToUtf8Bytes(document, MlopsJson.Options);
        return http.PostAsync(UrlOf(address), body, ContentType, headers => AddHeaders(headers, notification, address, body), cancellation);
    }

    /// <summary>The document; null where the service need not be told.</summary>
    protected abstract object? Document(AlertNotification notification, ChannelAddress address);

    /// <summary>Where it is posted.</summary>
    protected virtual string UrlOf(ChannelAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.Value;
    }

    /// <summary>Adds headers, for each attempt anew.</summary>
    protected virtual void AddHeaders(HttpRequestHeaders headers, AlertNotification notification, ChannelAddress address, byte[] body)
    {
    }
}
