using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout.Replay;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Rollout.Replay;

/// <summary>What a replay came to.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The run.</param>
/// <param name="Sums">Of all hours.</param>
public sealed record ReplayEnd(string Pipeline, string RunId, ReplaySums Sums);

/// <summary>The steps of a replay. Read only but for the report; run twice, they come to the same.</summary>
public sealed class ReplayActivities(
    IPredictionStore predictions, PredictionLog log, IModelStore models, PredictorReader read, IReplayStore replays, RunEnds ends, TimeProvider time)
{
    /// <summary>Scores an hour of the log again.</summary>
    [Function(nameof(ReplayHour))]
    public async Task<ReplaySums> ReplayHour([ActivityTrigger] ReplayedHour input, CancellationToken cancellation)
    {
        (ReplayRequest request, ModelCard card) = await LoadAsync(input.Pipeline, input.RunId, cancellation);
        if (time.GetUtcNow() - input.Hour < TimeSpan.FromHours(2))
        {
            // What this process has answered and not written yet belongs to the hour as well.
            await log.FlushAsync(input.Pipeline, cancellation);
        }

        // A model of its own, and no counters: a replay leaves no trace in what monitors see.
        var model = new ServingModel(card, request.Version, read(await models.LoadModelAsync(input.Pipeline, request.Version, card, cancellation)));
        var scorer = new ReplayScorer(model, request);
        await foreach (PredictionSegmentName segment in predictions.ListAsync(input.Pipeline, input.Hour, cancellation))
        {
            if (await predictions.OpenLinesAsync(segment, cancellation) is { } stream)
            {
                await using (stream)
                {
                    await ReadLinesAsync(stream, scorer, cancellation);
                }
            }
        }

        return scorer.Take();
    }

    /// <summary>Writes the report and ends the run.</summary>
    [Function(nameof(FinishReplay))]
    public async Task FinishReplay([ActivityTrigger] ReplayEnd end, CancellationToken cancellation)
    {
        (ReplayRequest request, ModelCard card) = await LoadAsync(end.Pipeline, end.RunId, cancellation);
        ReplayReport report = ReplayReport.Of(request, card, end.Sums);
        await replays.SaveReportAsync(end.RunId, report, cancellation);
        await ends.EndAsync(
            end.Pipeline,
            end.RunId,
            run => run with
            {
                Status = RunStatus.Succeeded, Stage = "compared", Outputs = [new RunArtifact("report", $"replays/{end.Pipeline}/{end.RunId}/report.json", report.Summary[0])],
            },
            cancellation);
    }

    private async Task<(ReplayRequest Request, ModelCard Card)> LoadAsync(string pipeline, string runId, CancellationToken cancellation)
    {
        ReplayRequest request = await replays.LoadRequestAsync(pipeline, runId, cancellation)
            ?? throw new InvalidDataException($"Replay '{runId}' has no request (replays/{pipeline}/{runId}/request.json). Ask for it again.");
        ModelCard card = await models.LoadCardAsync(pipeline, request.Version, cancellation)
            ?? throw new InvalidDataException($"Version {request.Version} of pipeline '{pipeline}' has no model card. Replay a version that is there.");
        return (request, card);
    }

    private static async Task ReadLinesAsync(Stream stream, ReplayScorer scorer, CancellationToken cancellation)
    {
        PipeReader reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 1 << 20));
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellation);
            ReadOnlySequence<byte> rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                scorer.Add(rest.Slice(0, end).ToArray());
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (read.IsCompleted)
            {
                if (!rest.IsEmpty)
                {
                    scorer.Add(rest.ToArray());
                }

                return;
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }
}
