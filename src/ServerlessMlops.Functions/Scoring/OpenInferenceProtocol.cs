using System.Buffers;
using Microsoft.AspNetCore.Http;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.OpenInference;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>The Open Inference Protocol's <c>infer</c>: tensors in, tensors out. One per request, since the answer depends on what was asked for.</summary>
internal sealed class OpenInferenceProtocol : IScoringProtocol
{
    private readonly InferenceRequest _request = new();

    public ScoringProblem? Read(HttpRequest request, ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits) =>
        request.Headers.ContainsKey("Inference-Header-Content-Length")
            ? ScoringProblem.Malformed("The request carries binary tensor data ('Inference-Header-Content-Length'); send the data as JSON.")
            : InferenceReader.Read(body, batch, limits, batch.Signature.OutputTensors, _request);

    public void Write(IBufferWriter<byte> answer, ScoringBatch batch, ServingModel model, RowIds ids) =>
        InferenceWriter.Write(answer, batch, model, _request, ids);
}
