using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Scoring over HTTP: MLflow's <c>/invocations</c> and the Open Inference Protocol's <c>infer</c>. The answers are written by the endpoint itself.</summary>
/// <remarks>
/// They end with the request, not with the function's own token: that one has to be made for each call, and a request that waits for nothing but its
/// own body needs no second limit of time.
/// </remarks>
public sealed class ScoreFunctions(ScoringEndpoint endpoint)
{
    private static readonly Task<IActionResult> Answered = Task.FromResult<IActionResult>(new EmptyResult());

    /// <summary>
    /// POST /models/{pipeline}/invocations: scores rows by MLflow's protocol (JSON: dataframe_split, dataframe_records, instances, inputs; or CSV);
    /// or a stream of lines (<c>application/x-ndjson</c>: an object by column name a line), each answered by a line while more come.
    /// <c>models/{pipeline}@{version or alias}/invocations</c> asks for a version that serves, is being rolled out, or has an alias.
    /// <c>?explain=true</c>, or the parameter <c>explain</c>, adds what each input contributed to each answer.
    /// Ids of the caller come as a column <c>inferenceId</c> or <c>inference_id</c>, or for the whole request as the header <c>Inference-Id</c>.
    /// </summary>
    [Function("Score")]
    public Task<IActionResult> Score(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "models/{pipeline}/invocations")] HttpRequest request, string pipeline) =>
        Then(endpoint.AnswerAsync(request.HttpContext, pipeline, null, MlflowProtocol.For(request), request.HttpContext.RequestAborted));

    /// <summary>POST /v2/models/{pipeline}/infer: scores tensors by the version that serves.</summary>
    [Function("Infer")]
    public Task<IActionResult> Infer(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "v2/models/{pipeline}/infer")] HttpRequest request, string pipeline) =>
        Then(endpoint.AnswerAsync(request.HttpContext, pipeline, null, new OpenInferenceProtocol(), request.HttpContext.RequestAborted));

    /// <summary>
    /// POST /v2/models/{pipeline}/versions/{version}/infer: the same by a version, given by number or alias, that serves, is being rolled out, or has an alias.
    /// </summary>
    [Function("InferVersion")]
    public Task<IActionResult> InferVersion(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "v2/models/{pipeline}/versions/{version}/infer")] HttpRequest request,
        string pipeline,
        string version) =>
        Then(endpoint.AnswerAsync(request.HttpContext, pipeline, version, new OpenInferenceProtocol(), request.HttpContext.RequestAborted));

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
