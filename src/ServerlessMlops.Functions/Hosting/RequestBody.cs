using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ServerlessMlops.Core;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>Small bodies of the control plane, read within a bound.</summary>
public static class RequestBody
{
    /// <summary>The largest body of a control-plane request, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The body as text, or null where it is longer than <see cref="MaxBytes"/>.</summary>
    public static async Task<byte[]?> ReadBytesAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxBytes)
        {
            return null;
        }

        using var buffer = new MemoryStream();
        byte[] chunk = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(chunk, cancellation)) > 0;)
        {
            if (buffer.Length + read > MaxBytes)
            {
                return null;
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    /// <summary>The body as a record, or the fault in words.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <param name="empty">What a request without a body means; null where it needs one.</param>
    public static async Task<(T? Value, string? Fault)> ReadAsync<T>(HttpRequest request, CancellationToken cancellation, T? empty = null)
        where T : class
    {
        if (await ReadBytesAsync(request, cancellation) is not { } bytes)
        {
            return (null, $"The body is larger than {MaxBytes} bytes.");
        }

        if (bytes.Length == 0 && empty is not null)
        {
            return (empty, null);
        }

        try
        {
            return JsonSerializer.Deserialize<T>(bytes, MlopsJson.Options) is { } value ? (value, null) : (null, "The body is 'null'; expected a JSON object.");
        }
        catch (JsonException e)
        {
            return (null, $"The body is not the JSON that was expected: {e.Message}");
        }
    }
}
