using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Telemetry;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Ingestion;

/// <summary>How an ingestion ended.</summary>
/// <param name="Status">Status of its run.</param>
/// <param name="Reason">Why, for a person; null where all is well.</param>
/// <param name="AsksForTraining">Whether there is new data that the spec wants trained on.</param>
public sealed record IngestionOutcome(RunStatus Status, string? Reason, bool AsksForTraining)
{
    /// <summary>Rows that are labelled predictions, which ask for a training under the guards of <c>retrain</c>; 0 of any other upload.</summary>
    public long LabelledRows { get; init; }
}

/// <summary>Reads one upload, checks it and keeps it as a batch, and ends its run. Bad input is an outcome with a reason, never an exception.</summary>
public sealed partial class IngestUpload(
    IUploadStore uploads, IDatasetStore datasets, IUploadReports reports, RunEnds ends, SpecChanges specs, TimeProvider time, ILogger<IngestUpload> logger)
{
    /// <summary>The activity. Run again, it writes the same batch to the same place.</summary>
    [Function(nameof(IngestUpload))]
    public async Task<IngestionOutcome> Run([ActivityTrigger] IngestionInput input, CancellationToken cancellation)
    {
        (Run change, IngestionOutcome outcome) = await IngestAsync(input.Upload, cancellation);
        await ends.EndAsync(
            input.Upload.Pipeline,
            input.Upload.RunId,
            run => run with { Status = change.Status, Stage = change.Stage, Reason = change.Reason, Outputs = change.Outputs },
            cancellation);
        LogOutcome(logger, outcome.Status == RunStatus.Succeeded ? LogLevel.Information : LogLevel.Warning, input.Upload.Path, change.Status, change.Reason ?? "accepted");
        return outcome;
    }

    private async Task<(Run Change, IngestionOutcome Outcome)> IngestAsync(Upload upload, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(upload.Pipeline))
        {
            return End(
                upload, RunStatus.Rejected, "routing",
                $"Upload '{upload.Path}' belongs to no pipeline: put it under 'uploads/<pipeline>/', where <pipeline> is {PipelineName.Rule}.");
        }

        SpecInForce? spec;
        try
        {
            spec = await specs.RecordAsync(upload.Pipeline, cancellation);
        }
        catch (SpecFaultException e)
        {
            return End(upload, RunStatus.Waiting, "spec", e.Message);
        }

        if (spec is null)
        {
            return End(
                upload, RunStatus.Waiting, "spec",
                $"Pipeline '{upload.Pipeline}' has no spec yet. PUT /api/pipelines/{upload.Pipeline} with one ('target: <column>' is enough), and this upload is picked up.");
        }

        try
        {
            return await ReadAsync(upload, spec, cancellation);
        }
        catch (SupersededException)
        {
            return Superseded(upload);
        }
    }

    private async Task<(Run Change, IngestionOutcome Outcome)> ReadAsync(Upload upload, SpecInForce spec, CancellationToken cancellation)
    {
        BatchSummary? newest = await datasets.GetNewestBatchAsync(upload.Pipeline, cancellation);
        DatasetProfile? reference = newest is null ? null : await datasets.GetProfileAsync(upload.Pipeline, newest.BatchId, cancellation);
        await using IPartDraft part = await datasets.BeginPartAsync(upload.Pipeline, cancellation);
        await using Stream rejected = TemporaryFile();
        BatchResult result = await Ingest.RunAsync(
            new IngestRequest
            {
                Open = async token => await uploads.OpenAsync(upload, token) ?? throw new SupersededException($"Upload '{upload.Path}' was replaced."),
                Name = upload.Path,
                Spec = spec.Spec,
                Expected = newest?.Schema,
                Reference = reference,
                Arrow = part.Content,
                Rejected = rejected,
                AsOf = time.GetUtcNow(),
            },
            cancellation);
        MlopsTelemetry.UploadRead(upload.Pipeline, result.RowsKept, result.RowsRejected);
        var report = UploadReport.Of(upload, spec.Spec, result, newest?.BatchId, reference);
        if (result is not { Verdict: BatchVerdict.Accepted, BatchId: { } batchId, Schema: { } schema, Profile: { } profile })
        {
            report = await reports.SaveAsync(report, result.RowsRejected > 0 ? rejected : null, cancellation);
            string? rows = report.RejectedRows is { } path ? $" The rows are in datasets/{path}." : null;
            return End(upload, RunStatus.Rejected, "checking", result.Reason + rows);
        }

        bool known = await datasets.GetBatchAsync(upload.Pipeline, batchId, cancellation) is not null;
        var batch = new BatchSummary
        {
            BatchId = batchId,
            Rows = result.RowsKept,
            Schema = schema,
            ReceivedAt = time.GetUtcNow(),
            Upload = upload.Path,
            Newest = spec.Spec.Time is { } column && profile.Find(column) is { Type: ColumnType.Timestamp, Max: { } max } ? (long)max : null,
        };
        await datasets.SaveBatchAsync(upload.Pipeline, batch, profile, part, rejected, cancellation);
        report = await reports.SaveAsync(report, null, cancellation);
        (Run change, IngestionOutcome outcome) = End(upload, RunStatus.Succeeded, known ? "known" : "kept", Note(report, known));
        RunArtifact kept = new("batch", batchId, $"{result.RowsKept} rows kept, {result.RowsRejected} rejected");
        bool labelled = LabelledFile.IsPath(upload.Path) && spec.Spec.Retrain is { MinLabels: > 0, LearnFromLabels: true };
        return (change with { Outputs = [kept] }, outcome with { AsksForTraining = spec.Spec.Retrain.OnUpload && !labelled, LabelledRows = labelled ? result.RowsKept : 0 });
    }

    /// <summary>What a person should know of an accepted upload; null where all is well.</summary>
    private static string? Note(UploadReport report, bool known)
    {
        var notes = new List<string>();
        if (report.RejectedRows is { } path)
        {
            string reasons = string.Join(", ", report.Rejections.Select(r => $"{(r.Column.Length > 0 ? r.Column + " " : "")}{r.Rule} ({r.Count})"));
            notes.Add($"{report.RowsRejected} {(report.RowsRejected == 1 ? "row was" : "rows were")} set aside: {reasons}. See datasets/{path}.");
        }

        if (known)
        {
            notes.Add("The same content was ingested before.");
        }

        if (report.Warnings is { Length: > 0 } warnings)
        {
            notes.Add($"Worth a look: {warnings} (GET /api/pipelines/{report.Upload.Pipeline}/runs/{report.Upload.RunId}/report).");
        }

        return notes.Count == 0 ? null : string.Join(' ', notes);
    }

    /// <summary>A file that is gone when it is closed, for the rejected rows, of which a bounded number is listed.</summary>
    private static FileStream TemporaryFile() => new(
        Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);

    private static (Run Change, IngestionOutcome Outcome) Superseded(Upload upload) => End(
        upload, RunStatus.Cancelled, "superseded", $"Upload '{upload.Path}' was overwritten or deleted before it could be read; its newer version has a run of its own.");

    private static (Run Change, IngestionOutcome Outcome) End(Upload upload, RunStatus status, string stage, string? reason)
    {
        var change = new Run { Pipeline = upload.Pipeline, Id = upload.RunId, Kind = RunKind.Ingestion, Status = status, Stage = stage, StartedAt = default, Reason = reason };
        return (change, new IngestionOutcome(status, reason, AsksForTraining: false));
    }

    [LoggerMessage(EventId = 100, Message = "Upload {Path}: {Status}. {Reason}")]
    private static partial void LogOutcome(ILogger logger, LogLevel level, string path, RunStatus status, string reason);
}
