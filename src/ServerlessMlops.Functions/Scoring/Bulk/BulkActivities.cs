using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Bulk;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Scoring.Bulk;

/// <summary>What is said of an answer as a whole, beside it.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="ETag">Its version.</param>
/// <param name="Model">The pipeline.</param>
/// <param name="Version">The model version that scored it.</param>
/// <param name="Answer">Path of the answer.</param>
/// <param name="Rows">Rows of the file.</param>
/// <param name="Rejected">Of these, the rows that could not be scored; the answer says why at each.</param>
/// <param name="Findings">What was found in the rows, rejected and scored ones.</param>
/// <param name="StartedAt">When it was begun.</param>
/// <param name="EndedAt">When it was answered first.</param>
public sealed record BulkSummary(
    string File, string ETag, string Model, int Version, string Answer, long Rows, long Rejected, IReadOnlyList<BulkFinding> Findings, DateTimeOffset StartedAt, DateTimeOffset EndedAt);

/// <summary>The steps of scoring a file. Each may be repeated: what it writes is named by the file's version and the piece, and is the same each time.</summary>
public sealed class BulkActivities(
    IBulkStore files, ModelCache cache, ModelLoader loader, IPredictionStore predictions, IWindowStore windows, RunEnds ends, IOptions<BulkOptions> options,
    IOptions<ScoringOptions> scoring, TimeProvider time)
{
    private readonly ValueHasher? _hasher = scoring.Value.CreateHasher();

    /// <summary>Looks at a file: what serves, how its rows stand in it, whether they can be scored at all. Null where the run has ended with that.</summary>
    [Function(nameof(OpenBulkFile))]
    public async Task<BulkJob?> OpenBulkFile([ActivityTrigger] BulkOpening opening, CancellationToken cancellation)
    {
        Upload file = opening.File;
        if (!PipelineName.IsValid(file.Pipeline))
        {
            return await EndAsync(file, RunStatus.Rejected, $"'scoring/{file.Path}' belongs to no pipeline: put it under 'scoring/<pipeline>/', where <pipeline> is {PipelineName.Rule}.", cancellation);
        }

        ModelLookup found = await cache.GetAsync(file.Pipeline, cancellation);
        if (found.Model is not { } live)
        {
            return found.Problem!.Status == 404
                ? await EndAsync(file, RunStatus.Rejected, $"{found.Problem.Detail} Then retry the run.", cancellation)
                : throw new InvalidOperationException(found.Problem.Detail);
        }

        try
        {
            if (await BulkText.OpenAsync(file, live.Model.Version, files, opening.StartedAt, cancellation) is not { } job)
            {
                return await EndAsync(file, RunStatus.Cancelled, Overwritten(file), cancellation);
            }

            return new BulkScorer(job, live.Model).CheckHeader() is { } problem
                ? await EndAsync(file, RunStatus.Rejected, $"No row of 'scoring/{file.Path}' can be scored. {problem.Detail}", cancellation)
                : job with { IsCounted = live.Model.Rules.Spec.CountFiles };
        }
        catch (InvalidDataException unreadable)
        {
            return await EndAsync(file, RunStatus.Rejected, $"'scoring/{file.Path}' cannot be read: {unreadable.Message}", cancellation);
        }
        catch (SupersededException)
        {
            return await EndAsync(file, RunStatus.Cancelled, Overwritten(file), cancellation);
        }
    }

    /// <summary>Scores pieces of a file from a checkpoint on, for as long as an activity may take; null where the run has ended because the file is gone or broken.</summary>
    [Function(nameof(ScoreBulkPart))]
    public async Task<BulkProgress?> ScoreBulkPart([ActivityTrigger] BulkPart part, CancellationToken cancellation)
    {
        (BulkJob job, BulkProgress progress) = part;
        ServingModel model = await ModelAsync(job, cancellation);
        long started = time.GetTimestamp();
        try
        {
            await using Stream? content = await files.OpenAsync(job.File, job.IsPacked ? 0 : progress.Offset, cancellation);
            if (content is null)
            {
                await EndAsync(job.File, RunStatus.Cancelled, Overwritten(job.File), cancellation);
                return null;
            }

            await using var text = new BulkText(job, content, options.Value.PieceBytes);
            if (job.IsPacked)
            {
                await text.SkipAsync(progress.Offset, cancellation);
            }

            WindowCounter? counter = job.IsCounted ? new WindowCounter(model.Card, model.Version, job.Instance) : null;
            var scorer = new BulkScorer(job, model, counter);
            while (!progress.IsComplete && (progress == part.Progress || time.GetElapsedTime(started) < options.Value.PartTime))
            {
                ReadOnlyMemory<byte> piece = await text.ReadAsync(cancellation);
                progress = piece.IsEmpty
                    ? progress with { IsComplete = true }
                    : await ScoreAsync(job, model, scorer, progress, piece, cancellation);
            }

            return progress.With(counter?.TakeSnapshot(job.StartedAt)?.Sums);
        }
        catch (SupersededException)
        {
            await EndAsync(job.File, RunStatus.Cancelled, Overwritten(job.File), cancellation);
            return null;
        }
        catch (InvalidDataException broken) when (job.IsPacked)
        {
            await EndAsync(job.File, RunStatus.Rejected, $"'scoring/{job.File.Path}' cannot be unpacked: {broken.Message} Pack it again.", cancellation);
            return null;
        }
    }

    /// <summary>
    /// Puts the answer together, counts the file's rows and ends the run. The answer keeps when it came first, and the row of counts is named by that: however often
    /// this is done, also in another attempt at the run, the file counts once.
    /// </summary>
    [Function(nameof(FinishBulkFile))]
    public async Task FinishBulkFile([ActivityTrigger] BulkPart part, CancellationToken cancellation)
    {
        (BulkJob job, BulkProgress progress) = part;
        int pieces = progress.Pieces;
        if (pieces == 0)
        {
            // No rows: the answer is its header.
            byte[] header = new BulkScorer(job, await ModelAsync(job, cancellation)).AnswerHeader();
            if (header.Length > 0)
            {
                await files.StageAsync(job, pieces++, header, cancellation);
            }
        }

        if (await files.CommitAsync(job, pieces, time.GetUtcNow(), cancellation) is not { } answeredAt)
        {
            await EndAsync(job.File, RunStatus.Cancelled, Overwritten(job.File), cancellation);
            return;
        }

        string answer = BulkAnswer.PathOf(job.File.Path, job.Format);
        var summary = new BulkSummary(
            job.File.Path, job.File.ETag, job.File.Pipeline, job.Version, answer, progress.Rows, progress.Rejected, progress.Findings, job.StartedAt, answeredAt);
        await files.WriteSummaryAsync(job, JsonSerializer.SerializeToUtf8Bytes(summary, MlopsJson.Options), cancellation);
        if (progress.Counts is { } counts)
        {
            await windows.AppendAsync(WindowRow.OfFile(job.File.Pipeline, job.Version, job.Instance, answeredAt, counts), cancellation);
        }

        await ends.EndAsync(
            job.File.Pipeline,
            BulkOrchestrator.RunIdOf(job.File),
            run => run with
            {
                Status = progress.Rows > 0 && progress.Rejected == progress.Rows ? RunStatus.Rejected : RunStatus.Succeeded,
                Stage = "answered",
                Reason = progress.Rejected == 0 ? null : string.Create(
                    CultureInfo.InvariantCulture, $"{progress.Rejected} of {progress.Rows} rows could not be scored; 'scoring/{answer}' says why at each, 'scoring/{BulkAnswer.SummaryPathOf(job.File.Path)}' in sum."),
                Inputs = [.. run.Inputs.Where(i => i.Kind != "version"), new RunArtifact("version", $"{job.Version}")],
                Outputs = [new RunArtifact("answer", $"scoring/{answer}", $"{progress.Rows} rows")],
            },
            cancellation);
    }

    private async Task<BulkProgress> ScoreAsync(
        BulkJob job, ServingModel model, BulkScorer scorer, BulkProgress progress, ReadOnlyMemory<byte> piece, CancellationToken cancellation)
    {
        var hour = new DateTimeOffset(job.StartedAt.UtcTicks - (job.StartedAt.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);
        var name = new PredictionSegmentName(job.File.Pipeline, hour, job.Instance, progress.Pieces);
        PredictionSegment? log = model.Rules.Spec.Log.Share > 0 ? new PredictionSegment(model, name, job.StartedAt) : null;
        var answers = new ArrayBufferWriter<byte>(piece.Length);
        if (progress.Pieces == 0)
        {
            answers.Write(scorer.AnswerHeader());
        }

        (long rows, long rejected, IReadOnlyList<BulkFinding> found) = scorer.Score(piece.Span, progress.Rows + 1, log, answers);
        if (log is { Rows: > 0 })
        {
            var lines = new ArrayBufferWriter<byte>();
            var index = new ArrayBufferWriter<byte>();
            log.Render(lines, index, _hasher);
            await predictions.WriteAsync(name, lines.WrittenMemory, index.WrittenMemory, cancellation);
        }

        log?.Release();
        if (answers.WrittenCount == 0)
        {
            return progress with { Offset = progress.Offset + piece.Length };
        }

        await files.StageAsync(job, progress.Pieces, answers.WrittenMemory, cancellation);
        return progress.After(piece.Length, rows, rejected, found);
    }

    // The version of the job, also after another has gone live.
    private async Task<ServingModel> ModelAsync(BulkJob job, CancellationToken cancellation)
    {
        ModelLookup found = await cache.GetAsync(job.File.Pipeline, cancellation);
        return found.Model is { } live && live.Model.Version == job.Version
            ? live.Model
            : (await loader.LoadAsync(job.File.Pipeline, job.Version, found.Model?.Model.Rules ?? ScoringRules.Default, cancellation)).Model;
    }

    private async Task<BulkJob?> EndAsync(Upload file, RunStatus status, string reason, CancellationToken cancellation)
    {
        await ends.EndAsync(file.Pipeline, BulkOrchestrator.RunIdOf(file), run => run with { Status = status, Stage = "reading", Reason = reason }, cancellation);
        return null;
    }

    private static string Overwritten(Upload file) => $"'scoring/{file.Path}' was overwritten or deleted before it was answered; a newer version has a run of its own.";
}
