using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Functions.Rollout;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>
/// Scores a stream of lines as they come: what has arrived is answered before more is read, so a stream of any length takes the memory of one
/// stretch of it. One version answers a whole stream. A line that cannot be scored is answered by its problem, and the stream goes on.
/// </summary>
/// <remarks>
/// A caller has to read while it sends: the answers that nobody reads stop the reading. The row limit does not apply; a line may have
/// <see cref="MostLineBytes"/>.
/// </remarks>
public sealed class ScoringStream(
    ModelCache models, PredictionLog log, ShadowScorer shadows, IOptions<ScoringOptions> options, TimeProvider time, ILogger<ScoringStream> logger)
{
    /// <summary>Longest line, in bytes; less where <see cref="ScoringOptions.MaxBodyBytes"/> is less.</summary>
    public const int MostLineBytes = 256 * 1024;

    private readonly ScoringLimits _limits = options.Value.Limits;
    private readonly PredictionLog _log = log;
    private readonly ShadowScorer _shadows = shadows;
    private readonly TimeProvider _time = time;
    private readonly int _mostLine = Math.Min(MostLineBytes, options.Value.MaxBodyBytes);

    /// <summary>Answers a stream: each line by a line, or, where no line can be answered, the request by its problem.</summary>
    internal async Task<ScoringProblem?> AnswerAsync(HttpContext http, string pipeline, string? version, CancellationToken cancellation)
    {
        if (http.Request.Headers.ContentEncoding.Count > 0)
        {
            return ScoringProblem.UnsupportedMediaType($"{http.Request.ContentType}, encoded as {http.Request.Headers.ContentEncoding}");
        }

        if (http.Request.Headers.ContainsKey(ScoringEndpoint.InferenceIdHeader))
        {
            return ScoringProblem.Malformed($"Header '{ScoringEndpoint.InferenceIdHeader}' names a request, and a stream has no end to number its rows to; send ids in a column 'inferenceId'.");
        }

        ModelLookup found = await models.GetAsync(pipeline, version, cancellation);
        if (found.Problem is { } problem)
        {
            return problem;
        }

        var stream = new Stream(this, http, found.Model!, found.Challenger);
        http.Response.ContentType = RecordLinesProtocol.MediaType;
        try
        {
            await stream.RunAsync(cancellation);
        }
        catch (BadHttpRequestException refused) when (http.Response.HasStarted)
        {
            // Too late for a status: the last line says why there are no more.
            stream.Refuse(new ScoringProblem(refused.StatusCode, "malformed-request", "The stream cannot be read on", $"{refused.Message} Send it in pieces, or drop it as a file into the scoring container."));
            await http.Response.BodyWriter.FlushAsync(cancellation);
        }
        catch (Exception failure) when (http.Response.HasStarted && failure is not (OperationCanceledException or IOException))
        {
            // An answer that just ends would look whole: the connection is cut instead.
            ScoringLog.Failed(logger, failure, pipeline);
            http.Abort();
        }

        return null;
    }

    /// <summary>One stream.</summary>
    private sealed class Stream(ScoringStream owner, HttpContext http, LiveModel champion, Challenger? challenger)
    {
        private readonly PipeWriter _answers = http.Response.BodyWriter;
        private readonly bool _explains = ScoringEndpoint.AsksForExplanation(http.Request);
        private LiveModel _live = champion;
        private bool _isChosen = challenger is null;
        private long _lines;

        public async Task RunAsync(CancellationToken cancellation)
        {
            PipeReader reader = http.Request.BodyReader;
            while (true)
            {
                ReadResult read = await reader.ReadAsync(cancellation);
                ReadOnlySequence<byte> whole = read.IsCompleted ? read.Buffer : WholeLines(read.Buffer);
                if (whole.IsEmpty && !read.IsCompleted)
                {
                    if (read.Buffer.Length > owner._mostLine)
                    {
                        _lines++;
                        Refuse(TooLong());
                        reader.AdvanceTo(read.Buffer.End);
                        await _answers.FlushAsync(cancellation);
                        return;
                    }

                    reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    continue;
                }

                Score(whole);
                reader.AdvanceTo(whole.End);
                await _answers.FlushAsync(cancellation);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }

        public void Refuse(ScoringProblem problem) => RecordLinesWriter.WriteProblem(_answers, Math.Max(1, _lines), problem);

        private ScoringProblem TooLong() => ScoringProblem.TooLarge($"The line has more than {owner._mostLine} bytes, the most that is read; nothing after it was read. Send one row a line.");

        private void Score(ReadOnlySequence<byte> lines)
        {
            if (lines.IsSingleSegment)
            {
                Score(lines.FirstSpan);
                return;
            }

            byte[] copy = ArrayPool<byte>.Shared.Rent((int)lines.Length);
            lines.CopyTo(copy);
            Score(copy.AsSpan(0, (int)lines.Length));
            ArrayPool<byte>.Shared.Return(copy);
        }

        // All at once where there is nothing to say about any line, else line by line.
        private void Score(ReadOnlySpan<byte> lines)
        {
            ScoringWorkspace workspace = ScoringWorkspace.Take();
            try
            {
                if (!lines.ContainsAnyExcept(" \t\r\n"u8))
                {
                    _lines += lines.Count((byte)'\n');
                }
                else if (TryScore(workspace.Batch, lines, needsNoWords: true, out _))
                {
                    _lines += lines.Count((byte)'\n') + (lines[^1] == '\n' ? 0 : 1);
                }
                else
                {
                    ScoreEach(workspace.Batch, lines);
                }
            }
            finally
            {
                workspace.GiveBack();
            }
        }

        private void ScoreEach(ScoringBatch batch, ReadOnlySpan<byte> lines)
        {
            while (!lines.IsEmpty)
            {
                int end = lines.IndexOf((byte)'\n');
                ReadOnlySpan<byte> line = end < 0 ? lines : lines[..end];
                lines = end < 0 ? default : lines[(end + 1)..];
                _lines++;
                if (line.Length > owner._mostLine)
                {
                    Refuse(TooLong());
                }
                else if (line.ContainsAnyExcept(" \t\r"u8) && !TryScore(batch, line, needsNoWords: false, out ScoringProblem? problem))
                {
                    Refuse(problem!);
                }
            }
        }

        private bool TryScore(ScoringBatch batch, ReadOnlySpan<byte> lines, bool needsNoWords, out ScoringProblem? problem)
        {
            long started = owner._time.GetTimestamp();
            problem = Read(batch, lines);
            if (problem is null && !_isChosen)
            {
                _isChosen = true;
                if (challenger!.Answers(batch, default))
                {
                    _live = challenger.Model;
                    problem = Read(batch, lines);
                }
            }

            if (problem is not null || (needsNoWords && batch.HasFindings))
            {
                return false;
            }

            ServingModel model = _live.Model;
            batch.Predict(model.Predictor);
            if (_explains)
            {
                // A stream is as long as it likes; how many rows are explained at a time is a matter of this loop alone.
                problem = batch.Rows > 1 ? ScoringProblem.TooLarge("Rows of a stream are explained one by one.") : batch.Explain(model);
                if (problem is not null)
                {
                    return false;
                }
            }

            if (_live.Counter is { } counter)
            {
                RowCounting.Count(batch, model, counter);
            }

            TimeSpan took = owner._time.GetElapsedTime(started);
            _live.Counter?.CountRequest(took, StatusCodes.Status200OK);
            LoggedRows logged = owner._log.Append(model, batch, default, took);
            RecordLinesWriter.Write(_answers, batch, model, new RowIds(batch, default, logged.IdPrefix, logged.FirstRow));
            if (challenger is { Strategy: DeployStrategy.Shadow } &&
                owner._shadows.Prepare(challenger.Model, RecordLinesProtocol.Instance, RecordLinesProtocol.MediaType, lines, default, logged) is { } shadow)
            {
                owner._shadows.Offer(shadow);
            }

            return true;
        }

        private ScoringProblem? Read(ScoringBatch batch, ReadOnlySpan<byte> lines)
        {
            batch.Reset(_live.Model.Signature, _live.Model.Version, owner._limits);
            return RecordLinesReader.Read(lines, batch, owner._limits);
        }

        private static ReadOnlySequence<byte> WholeLines(ReadOnlySequence<byte> buffer)
        {
            long length = 0;
            long whole = 0;
            foreach (ReadOnlyMemory<byte> segment in buffer)
            {
                int last = segment.Span.LastIndexOf((byte)'\n');
                if (last >= 0)
                {
                    whole = length + last + 1;
                }

                length += segment.Length;
            }

            return buffer.Slice(0, whole);
        }
    }
}
