using System.Buffers;
using Microsoft.AspNetCore.Http;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>MLflow's <c>/invocations</c>: JSON or CSV in, <c>{"predictions": [...]}</c> out.</summary>
internal sealed class MlflowProtocol : IScoringProtocol
{
    public static MlflowProtocol Instance { get; } = new();

    /// <summary>What speaks with the caller of <c>/invocations</c>: this, or lines.</summary>
    public static IScoringProtocol For(HttpRequest request) => RecordLinesProtocol.IsSpokenBy(request) ? RecordLinesProtocol.Instance : Instance;

    public ScoringProblem? Read(HttpRequest request, ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits)
    {
        if (request.Headers.ContentEncoding.Count > 0)
        {
            return ScoringProblem.UnsupportedMediaType($"{request.ContentType}, encoded as {request.Headers.ContentEncoding}");
        }

        string? type = request.ContentType;
        if (Is(type, "application/json"))
        {
            return InvocationReader.Read(body, batch, limits);
        }

        // MLflow's documentation says application/csv, its server text/csv.
        return Is(type, "text/csv") || Is(type, "application/csv") ? CsvReader.Read(body, batch, limits) : ScoringProblem.UnsupportedMediaType(type);
    }

    public void Write(IBufferWriter<byte> answer, ScoringBatch batch, ServingModel model, RowIds ids) =>
        InvocationWriter.Write(answer, batch, model, ids);

    // "application/json", with or without parameters; of these, a charset other than UTF-8 is found when the body is read.
    internal static bool Is(string? type, string expected) =>
        type is not null && type.StartsWith(expected, StringComparison.OrdinalIgnoreCase) &&
        (type.Length == expected.Length || type.AsSpan(expected.Length).TrimStart() is [';', ..]);
}
