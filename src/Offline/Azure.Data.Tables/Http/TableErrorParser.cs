using System.Globalization;
using System.Text.Json;
using Azure.Core;

namespace Azure.Data.Tables.Http;

/// <summary>
/// Reads the service's error document, <c>{"odata.error":{"code":...,"message":{"value":...}}}</c>. The message of a failed transaction begins
/// with the index of the action that failed and a colon.
/// </summary>
internal sealed class TableErrorParser : RequestFailedDetailsParser
{
    public static readonly TableErrorParser Instance = new();

    public override bool TryParse(Response response, out ResponseError error, out IDictionary<string, string> data)
    {
        error = null;
        data = null;
        if (response.ContentStream is null or { Length: 0 } || !TryReadError(response.Content, out var code, out var message))
        {
            return false;
        }

        data = new Dictionary<string, string>();
        if (TryReadIndex(message, out var index))
        {
            data[TableTransactionFailedException.FailedEntityIndex] = index.ToString(CultureInfo.InvariantCulture);
            message += "\n The index of the entity that caused the error can be found in " +
                $"{nameof(TableTransactionFailedException.FailedTransactionActionIndex)}.";
        }

        error = new ResponseError(code, message);
        return true;
    }

    private static bool TryReadError(BinaryData content, out string code, out string message)
    {
        code = null;
        message = null;
        try
        {
            using var document = JsonDocument.Parse(content);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("odata.error", out var error))
            {
                return false;
            }

            code = error.GetProperty("code").GetString();
            message = error.GetProperty("message").GetProperty("value").GetString();
            return true;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A proxy's page, or XML: the status alone has to do.
            return false;
        }
    }

    private static bool TryReadIndex(string message, out int index)
    {
        index = -1;
        var colon = message?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        return colon > 0 && int.TryParse(message.AsSpan(0, colon), NumberStyles.Integer, CultureInfo.InvariantCulture, out index);
    }
}
