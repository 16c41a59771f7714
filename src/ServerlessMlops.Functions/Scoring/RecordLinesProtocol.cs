using System.Buffers;
using Microsoft.AspNetCore.Http;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Newline-delimited JSON (<c>application/x-ndjson</c>): a row a line in, an answer a line out.</summary>
internal sealed class RecordLinesProtocol : IScoringProtocol
{
    public const string MediaType = "application/x-ndjson";

    public static RecordLinesProtocol Instance { get; } = new();

    /// <summary>Whether a request carries lines.</summary>
    public static bool IsSpokenBy(HttpRequest request) => MlflowProtocol.Is(request.ContentType, MediaType);

    public ScoringProblem? Read(HttpRequest request, ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits) => RecordLinesReader.Read(body, batch, limits);

    public void Write(IBufferWriter<byte> answer, ScoringBatch batch, ServingModel model, RowIds ids) => RecordLinesWriter.Write(answer, batch, model, ids);
}
