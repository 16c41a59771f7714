using System.Text.Json;

namespace ServerlessMlops.Core.Scoring;

/// <summary>Why a request was not answered, as RFC 9457 problem details.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable name of the kind of problem; the last part of its type URI.</param>
/// <param name="Title">The kind of problem in a few words.</param>
/// <param name="Detail">What was found, where, what was expected, and the fix.</param>
public sealed record ScoringProblem(int Status, string Code, string Title, string Detail)
{
    /// <summary>How the document is written: quotes stand as they are, for people read it in a terminal; it is never put into a page.</summary>
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The media type of <see cref="WriteTo"/>.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>Everything that the signature check found, errors first.</summary>
    public IReadOnlyList<SignatureFinding> Findings { get; init; } = [];

    /// <summary>Seconds after which to try again, for 429 and 503.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>The request is not what the protocol says.</summary>
    public static ScoringProblem Malformed(string detail) => new(400, "malformed-request", "The request body cannot be read", detail);

    /// <summary>The request was read, and its data does not fit the model.</summary>
    public static ScoringProblem SignatureMismatch(string pipeline, int version, IReadOnlyList<SignatureFinding> findings) => new(
        400,
        "signature-mismatch",
        "The data does not fit the model's signature",
        $"Nothing was scored by model '{pipeline}' version {version}. {findings.First(f => f.IsError).Message}{Others(findings.Count(f => f.IsError) - 1)}") { Findings = findings };

    private static string Others(int faults) => faults switch { 0 => "", 1 => " 1 other fault stands under findings.", _ => $" {faults} other faults stand under findings." };

    /// <summary>The request is larger than the limits allow.</summary>
    public static ScoringProblem TooLarge(string detail) => new(413, "request-too-large", "The request is too large", detail);

    /// <summary>The body's media type is not one of those that are read.</summary>
    public static ScoringProblem UnsupportedMediaType(string? found) => new(
        415,
        "unsupported-media-type",
        "The body's media type is not supported",
        $"Content-Type is '{Text.Excerpt(found ?? "")}'; expected 'application/json', 'text/csv' (or 'application/csv') or 'application/x-ndjson' (in UTF-8).");

    /// <summary>The document, without a byte order mark.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="instance">The path of the request.</param>
    public void WriteTo(Utf8JsonWriter writer, string? instance)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "urn:serverless-mlops:problem:" + Code);
        writer.WriteString("title"u8, Title);
        writer.WriteNumber("status"u8, Status);
        writer.WriteString("detail"u8, Detail);
        if (instance is not null)
        {
            writer.WriteString("instance"u8, instance);
        }

        // The Open Inference Protocol names the reason "error"; a client of either convention finds it in the one document.
        writer.WriteString("error"u8, Detail);
        if (Findings.Count > 0)
        {
            writer.WritePropertyName("findings"u8);
            FindingWriter.Write(writer, Findings);
        }

        writer.WriteEndObject();
    }
}

/// <summary>A request that cannot be read on: caught where the reading began, never seen outside.</summary>
internal sealed class ScoringProblemException(ScoringProblem problem) : Exception(problem.Detail)
{
    public ScoringProblem Problem { get; } = problem;
}
