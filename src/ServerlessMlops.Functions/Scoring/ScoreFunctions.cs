using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Scoring over HTTP: MLflow's <c>/invocations</c> and the Open Inference Protocol's <c>infer</c>. The answers are written by the endpoint itself.</summary>
public sealed class ScoreFunctions(ScoringEndpoint endpoint)
{
    private static readonly Task<IActionResult> Answered = Task.FromResult<IActionResult>(new EmptyResult());

    /// <summary>
    /// POST /models/{pipeline}/invocations: scores rows by MLflow's protocol (JSON: dataframe_split, dataframe_records, instances, inputs; or CSV).
    /// Ids of the caller come as a column <c>inferenceId</c> or <c>inference_id</c>, or for the whole request as the header <c>Inference-Id</c>.
    /// </summary>
    [Function("Score")]
    public Task<IActionResult> Score(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "models/{pipeline}/invocations")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        Then(endpoint.AnswerAsync(request.HttpContext, pipeline, null, MlflowProtocol.Instance, cancellation));

    /// <summary>POST /v2/models/{pipeline}/infer: scores tensors by the version that serves.</summary>
    [Function("Infer")]
    public Task<IActionResult> Infer(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "v2/models/{pipeline}/infer")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        Then(endpoint.AnswerAsync(request.HttpContext, pipeline, null, new OpenInferenceProtocol(), cancellation));

    /// <summary>POST /v2/models/{pipeline}/versions/{version}/infer: the same, refused where another version serves.</summary>
    [Function("InferVersion")]
    public Task<IActionResult> InferVersion(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "v2/models/{pipeline}/versions/{version:int}/infer")] HttpRequest request,
        string pipeline,
        int version,
        CancellationToken cancellation) =>
        Then(endpoint.AnswerAsync(request.HttpContext, pipeline, version, new OpenInferenceProtocol(), cancellation));

    // Small requests are answered without waiting; those make no task of their own.
    private static Task<IActionResult> Then(Task answering)
    {
        return answering.IsCompletedSuccessfully ? Answered : AwaitAsync(answering);

        static async Task<IActionResult> AwaitAsync(Task answering)
        {
            await answering;
            return await Answered;
        }
    }
}
