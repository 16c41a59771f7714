using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Telemetry;
using ServerlessMlops.Functions.Rollout;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>What a protocol does with a body, once there is a model: read the rows, write the answer.</summary>
internal interface IScoringProtocol
{
    /// <summary>Reads the body into the batch; null where the rows can be scored.</summary>
    ScoringProblem? Read(HttpRequest request, ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits);

    /// <summary>Writes the answer for the scored rows.</summary>
    void Write(IBufferWriter<byte> answer, ScoringBatch batch, ServingModel model, RowIds ids);
}

/// <summary>
/// Answers scoring requests of every protocol: admit, find the model, read the body, score, log, answer. The hot path does no storage I/O and
/// allocates next to nothing of its own.
/// </summary>
public sealed class ScoringEndpoint(
    ModelCache models, PredictionLog log, ShadowScorer shadows, ScoringStream stream, IOptions<ScoringOptions> options, TimeProvider time, ILogger<ScoringEndpoint> logger)
{
    /// <summary>The header that carries the caller's id of a request.</summary>
    public const string InferenceIdHeader = "Inference-Id";

    private const string JsonType = "application/json; charset=utf-8";
    private readonly ScoringLimits _limits = options.Value.Limits;
    private readonly int _mostRequests = options.Value.MaxConcurrentRequests;
    private int _requests;

    /// <summary>Requests being answered now.</summary>
    public int RequestsInFlight => Volatile.Read(ref _requests);

    /// <summary>Answers a request, whatever it holds: by predictions, or by a problem document.</summary>
    /// <param name="http">The request.</param>
    /// <param name="pipeline">The pipeline, perhaps with the version or alias that is asked for (see <see cref="ModelCache.GetAsync(string, string, CancellationToken)"/>).</param>
    /// <param name="version">The version or alias that is asked for, where the route names it apart; null where it does not.</param>
    /// <param name="protocol">What speaks with the caller.</param>
    /// <param name="cancellation">Ends the request.</param>
    internal async Task AnswerAsync(HttpContext http, string pipeline, string? version, IScoringProtocol protocol, CancellationToken cancellation)
    {
        long started = time.GetTimestamp();
        LiveModel? model = null;
        ShadowRequest? shadow = null;
        int status = StatusCodes.Status200OK;
        bool admitted = Interlocked.Increment(ref _requests) <= _mostRequests;
        try
        {
            ScoringProblem? problem = null;
            if (!admitted)
            {
                problem = new ScoringProblem(429, "too-many-requests", "Too many requests at once", $"{_mostRequests} requests are being answered; try again in a second.")
                {
                    RetryAfterSeconds = 1,
                };
            }
            else if (protocol is RecordLinesProtocol)
            {
                problem = await stream.AnswerAsync(http, pipeline, version, cancellation);
            }
            else
            {
                ModelLookup found = await models.GetAsync(pipeline, version, cancellation);
                model = found.Model;
                problem = found.Problem;
                if (problem is null)
                {
                    (problem, ReadResult body) = await ReadBodyAsync(http.Request, cancellation);
                    if (problem is null)
                    {
                        problem = Score(http, body.Buffer, ref model!, ref shadow, found.Challenger, protocol, started);
                        http.Request.BodyReader.AdvanceTo(body.Buffer.End);
                    }
                }
            }

            if (problem is not null)
            {
                status = problem.Status;
                WriteProblem(http, problem);
            }

            await http.Response.BodyWriter.FlushAsync(cancellation);
        }
        catch (BadHttpRequestException refused)
        {
            // The server found the body broken or too slow while it was read.
            status = refused.StatusCode;
            WriteProblem(http, new ScoringProblem(status, "malformed-request", "The request body cannot be read", $"{refused.Message} Send the body whole, with its true length."));
        }
        catch (Exception gone) when (gone is IOException || (gone is OperationCanceledException && (cancellation.IsCancellationRequested || http.RequestAborted.IsCancellationRequested)))
        {
            // The caller is gone; there is nobody to answer. A connection that is reset is not always told as a cancellation; nothing else here reads or writes, and it
            // says nothing against the model.
            status = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception failure) when (!http.Response.HasStarted)
        {
            ScoringLog.Failed(logger, failure, pipeline);
            status = StatusCodes.Status500InternalServerError;
            WriteProblem(http, new ScoringProblem(status, "internal-error", "Scoring failed", "The request is not at fault; the reason is in the app's log. Try again."));
        }
        finally
        {
            Interlocked.Decrement(ref _requests);
            TimeSpan taken = time.GetElapsedTime(started);
            model?.Counter?.CountRequest(taken, status);
            if (model is not null)
            {
                // By the pipelines that there are: what a caller makes up in a URL is no tag.
                MlopsTelemetry.RequestScored(model.Model.Card.Pipeline, taken, status);
            }

            if (shadow is not null)
            {
                shadows.Offer(shadow);
            }
        }
    }

    private async ValueTask<(ScoringProblem? Problem, ReadResult Body)> ReadBodyAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > _limits.MaxBodyBytes)
        {
            return (ScoringProblem.TooLarge(BodyTooLarge()), default);
        }

        PipeReader reader = request.BodyReader;
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellation);
            if (read.Buffer.Length > _limits.MaxBodyBytes)
            {
                reader.AdvanceTo(read.Buffer.End);
                return (ScoringProblem.TooLarge(BodyTooLarge()), default);
            }

            if (read.IsCompleted)
            {
                return (null, read);
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private string BodyTooLarge() =>
        $"The body has more than {_limits.MaxBodyBytes} bytes, the most that is read. Send the rows in several requests, or drop the file into the scoring container.";

    private ScoringProblem? Score(
        HttpContext http, ReadOnlySequence<byte> body, ref LiveModel live, ref ShadowRequest? shadow, Challenger? challenger, IScoringProtocol protocol, long started)
    {
        if (body.IsSingleSegment)
        {
            return Score(http, body.FirstSpan, ref live, ref shadow, challenger, protocol, started);
        }

        byte[] whole = ArrayPool<byte>.Shared.Rent((int)body.Length);
        try
        {
            body.CopyTo(whole);
            return Score(http, whole.AsSpan(0, (int)body.Length), ref live, ref shadow, challenger, protocol, started);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    // The champion's signature reads the request, since the key that decides who answers stands in the body; where the challenger answers, its
    // own signature reads it again. After the call, live is the version that answered.
    private ScoringProblem? Score(
        HttpContext http, ReadOnlySpan<byte> body, ref LiveModel live, ref ShadowRequest? shadow, Challenger? challenger, IScoringProtocol protocol, long started)
    {
        ServingModel model = live.Model;
        string? requestId = http.Request.Headers[InferenceIdHeader];
        Span<byte> id = stackalloc byte[requestId is null ? 0 : InferenceId.LongestId];
        if (requestId is not null)
        {
            if (requestId.Length > id.Length || !Encoding.ASCII.TryGetBytes(requestId, id, out int length) || !InferenceId.IsValid(id[..length]))
            {
                return ScoringProblem.Malformed($"Header '{InferenceIdHeader}' is not an id: expected {InferenceId.Rule}.");
            }

            id = id[..length];
        }

        ScoringWorkspace workspace = ScoringWorkspace.Take();
        try
        {
            ScoringBatch batch = workspace.Batch;
            bool explain = AsksForExplanation(http.Request);
            batch.Reset(model.Signature, model.Version, _limits);
            batch.WantsExplanation = explain;
            if (protocol.Read(http.Request, body, batch, _limits) is { } problem)
            {
                return problem;
            }

            if (challenger is not null && challenger.Answers(batch, id))
            {
                live = challenger.Model;
                model = live.Model;
                batch.Reset(model.Signature, model.Version, _limits);
                batch.WantsExplanation = explain;
                if (protocol.Read(http.Request, body, batch, _limits) is { } misfit)
                {
                    return misfit;
                }
            }

            batch.Predict(model.Predictor);
            if (batch.WantsExplanation && batch.Explain(model) is { } refused)
            {
                return refused;
            }

            if (live.Counter is { } counter)
            {
                RowCounting.Count(batch, model, counter);
            }

            MlopsTelemetry.RowsScored(model.Card.Pipeline, model.Version, batch.Rows);
            LoggedRows logged = log.Append(model, batch, id, time.GetElapsedTime(started));
            protocol.Write(workspace.Answer, batch, model, new RowIds(batch, id, logged.IdPrefix, logged.FirstRow));
            WriteAnswer(http.Response, workspace.Answer.WrittenSpan);
            if (challenger is { Strategy: DeployStrategy.Shadow })
            {
                shadow = shadows.Prepare(challenger.Model, protocol, http.Request.ContentType, body, id, logged);
            }

            return null;
        }
        finally
        {
            workspace.GiveBack();
        }
    }

    /// <summary>Whether the query has <c>explain=true</c>. A query of anything else is not taken apart.</summary>
    internal static bool AsksForExplanation(HttpRequest request) =>
        request.QueryString.Value is { } query && query.Contains("explain", StringComparison.Ordinal) && request.Query["explain"] is ["true" or "True" or "1"];

    private static void WriteAnswer(HttpResponse response, ReadOnlySpan<byte> answer)
    {
        response.ContentType = JsonType;
        response.ContentLength = answer.Length;
        response.BodyWriter.Write(answer);
    }

    private static void WriteProblem(HttpContext http, ScoringProblem problem)
    {
        HttpResponse response = http.Response;
        response.StatusCode = problem.Status;
        response.ContentType = ScoringProblem.MediaType;
        if (problem.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var document = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(document, ScoringProblem.WriterOptions))
        {
            problem.WriteTo(writer, http.Request.Path);
        }

        response.ContentLength = document.WrittenCount;
        response.BodyWriter.Write(document.WrittenSpan);
    }
}
