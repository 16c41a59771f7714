using System.Net;
using System.Text;
using System.Text.Json;

namespace ServerlessMlops.Cli.ControlPlane;

/// <summary>Turns an error response (RFC 9457 problem details, or whatever came) into words.</summary>
internal static class ProblemReader
{
    private const int MostFindings = 50;
    private const int LongestText = 500;

    /// <summary>The error to throw for a response that is not a success. A 404 or 4xx/5xx alike is a failed command.</summary>
    public static async Task<CliException> ReadAsync(HttpResponseMessage answer, string what, CancellationToken cancellation)
    {
        string body = await answer.Content.ReadAsStringAsync(cancellation);
        return CliException.Failed(Describe(answer.StatusCode, what, body));
    }

    /// <summary>The message for a status and a body.</summary>
    internal static string Describe(HttpStatusCode status, string what, string body)
    {
        var text = new StringBuilder();
        if (TryParse(body) is { } problem)
        {
            string? title = Text(problem, "title");
            string? detail = Text(problem, "detail");
            text.Append(detail ?? title ?? $"{what} was refused.").Append($" ({(int)status})");
            if (problem.TryGetProperty("findings", out JsonElement findings) && findings.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement finding in findings.EnumerateArray().Take(MostFindings))
                {
                    text.Append("\n  - ").Append(DescribeFinding(finding));
                }
            }
        }
        else
        {
            text.Append($"{what} answered {(int)status} {status}");
            string plain = body.Trim();
            text.Append(plain.Length == 0 ? "." : $": {(plain.Length > LongestText ? plain[..LongestText] + "..." : plain)}");
        }

        if (status == HttpStatusCode.Unauthorized)
        {
            text.Append(" The app wants a function key: give it with --key or MLOPS_KEY.");
        }

        return text.ToString();
    }

    private static string DescribeFinding(JsonElement finding)
    {
        if (finding.ValueKind != JsonValueKind.Object)
        {
            return finding.ToString();
        }

        string message = Text(finding, "message") ?? Text(finding, "detail") ?? finding.ToString();
        message = Text(finding, "path") is { Length: > 0 } path ? $"{path}: {message}" : message;
        string? line = Text(finding, "line");
        string? column = Text(finding, "column");
        return line is null ? message : column is null ? $"line {line}: {message}" : $"line {line}, column {column}: {message}";
    }

    private static JsonElement? TryParse(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind is (JsonValueKind.String or JsonValueKind.Number)
            ? value.ToString()
            : null;
}
