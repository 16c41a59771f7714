using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Feedback;

/// <summary>
/// Joins a file of labels with the prediction log, hour by hour back to the pipeline's label horizon, and ends the run. The one part of the app that
/// reads the log for statistics. Done twice, at once or out of order, it leaves the same counts: they are made anew of the state of the hour, whose
/// writers are told apart by its ETag.
/// </summary>
public sealed class JoinLabels(
    ILabelStore labels, IPredictionStore predictions, IOutcomeStore outcomes, IModelStore models, PredictionLog log, SpecReader specs, RunEnds ends, RetrainGuard retrain, TimeProvider time)
{
    private const int MostRaces = 20;

    /// <summary>The activity.</summary>
    [Function(nameof(JoinLabels))]
    public async Task Run([ActivityTrigger] LabelsInput input, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        Upload file = input.Labels;
        if (!PipelineName.IsValid(file.Pipeline))
        {
            await EndAsync(file, RunStatus.Rejected, $"'labels/{file.Path}' belongs to no pipeline: put it under 'labels/<pipeline>/', where <pipeline> is {PipelineName.Rule}.", [], cancellation);
            return;
        }

        LabelBatch batch;
        PipelineSpec spec;
        try
        {
            if (await specs.ReadAsync(file.Pipeline, cancellation) is not { } inForce)
            {
                await EndAsync(file, RunStatus.Rejected, $"Pipeline '{file.Pipeline}' has no spec. PUT /api/pipelines/{file.Pipeline} with one, and retry the run.", [], cancellation);
                return;
            }

            spec = inForce.Spec;
            if (await labels.OpenAsync(file, cancellation) is not { } opened)
            {
                await EndAsync(file, RunStatus.Cancelled, $"'labels/{file.Path}' was overwritten or deleted before it could be read; its newer version has a run of its own.", [], cancellation);
                return;
            }

            await using (opened.Content)
            {
                batch = await LabelFile.ReadAsync(opened.Content, file.Path, spec, opened.ArrivedAt, cancellation);
            }
        }
        catch (Exception e) when (e is UnusableLabelsException or SpecFaultException)
        {
            await EndAsync(file, RunStatus.Rejected, e.Message, [], cancellation);
            return;
        }

        // What this instance answered in the last seconds is written first, so that labels given at once find their predictions.
        await log.FlushAsync(file.Pipeline, cancellation);
        JoinTally joined = JoinTally.None;
        foreach (DateTimeOffset hour in HoursOf(file.Pipeline, batch, spec.Monitor.LabelHorizon, time.GetUtcNow()))
        {
            joined = joined.Plus(await JoinHourAsync(file.Pipeline, hour, batch, spec, cancellation));
        }

        string incomplete = batch.Incomplete + joined.NotUnderstood > 0 ? $" {batch.Incomplete} row(s) were incomplete, {joined.NotUnderstood} label(s) are no value of '{spec.Target}'." : "";
        await EndAsync(
            file,
            RunStatus.Succeeded,
            $"{joined.New} prediction(s) got their label, {joined.Corrected} a corrected one, {joined.Repeated} had it already; {batch.Unknown} of {batch.Count} label(s) found no prediction within {spec.Monitor.LabelHorizon.TotalDays:0.#} day(s); {batch.Duplicates} duplicate and {batch.Corrected} contradicting row(s) in the file.{incomplete}",
            [new(LabelsOrchestrator.Joined, Text(input.JoinedBefore + joined.New)), new("corrected", Text(joined.Corrected)), new("unknown", Text(batch.Unknown))],
            cancellation);
        await retrain.AskAsync(new RetrainWish(file.Pipeline, RetrainCause.Labels, LabelsOrchestrator.InstanceId(input), $"labels of {file.Path}"), durable, cancellation);
    }

    /// <summary>The name by which <see cref="JoinedHour.Segments"/> knows a file of the log.</summary>
    internal static string NameOf(PredictionSegmentName segment) => string.Create(CultureInfo.InvariantCulture, $"{segment.Instance}-{segment.Segment}");

    /// <summary>The hours to look in, newest first: those that minted ids name, or all of the horizon where any label does not say.</summary>
    internal static IEnumerable<DateTimeOffset> HoursOf(string pipeline, LabelBatch batch, TimeSpan horizon, DateTimeOffset now)
    {
        DateTimeOffset newest = now.ToUniversalTime().AddTicks(-(now.UtcTicks % TimeSpan.TicksPerHour));
        var named = new HashSet<DateTimeOffset>();
        bool all = batch.HasKeys;
        foreach (string id in batch.Ids)
        {
            if (!InferenceId.TryParse(id, out InferenceId minted))
            {
                all = true;
            }
            else if (minted.Pipeline == pipeline)
            {
                named.Add(minted.Hour);
            }
        }

        for (DateTimeOffset hour = newest; hour > newest - horizon - TimeSpan.FromHours(1); hour = hour.AddHours(-1))
        {
            if (all || named.Contains(hour))
            {
                yield return hour;
            }
        }
    }

    private async Task<JoinTally> JoinHourAsync(string pipeline, DateTimeOffset hour, LabelBatch batch, PipelineSpec spec, CancellationToken cancellation)
    {
        for (int race = 0; race < MostRaces; race++)
        {
            List<PredictionSegmentName> segments = [];
            await foreach (PredictionSegmentName segment in predictions.ListAsync(pipeline, hour, cancellation))
            {
                segments.Add(segment);
            }

            if (segments.Count == 0)
            {
                return JoinTally.None;
            }

            (JoinedHour before, string? etag) = await outcomes.LoadHourAsync(pipeline, hour, cancellation);
            (JoinedHour after, JoinTally tally, IReadOnlyDictionary<int, OutcomeTally> counted) = await CountAsync(pipeline, segments, before, batch, spec, cancellation);
            if (tally.IsChange)
            {
                after.Revision = before.Revision + 1;
                if (!await outcomes.SaveHourAsync(pipeline, hour, after, etag, cancellation))
                {
                    continue; // another file's labels got there first: join with what they left
                }
            }

            // Saved also where nothing changed: the one who changed it may have died before.
            foreach ((int version, OutcomeTally versions) in counted)
            {
                await outcomes.SaveCountsAsync(new OutcomeRow(pipeline, version, hour, after.Revision, versions.Counts), cancellation);
            }

            return tally;
        }

        throw new InvalidOperationException($"Hour {hour:u} of pipeline '{pipeline}' was changed by others {MostRaces} times while its labels were joined.");
    }

    private async Task<(JoinedHour After, JoinTally Tally, IReadOnlyDictionary<int, OutcomeTally> Counted)> CountAsync(
        string pipeline, List<PredictionSegmentName> segments, JoinedHour before, LabelBatch batch, PipelineSpec spec, CancellationToken cancellation)
    {
        string[] sensitive = [.. spec.Columns.Where(c => c.Value.Sensitive).Select(c => c.Key)];
        var tallies = new Dictionary<int, OutcomeTally>();
        var after = new JoinedHour { Revision = before.Revision, Cut = before.Cut };
        JoinTally sum = JoinTally.None;
        foreach (PredictionSegmentName segment in segments)
        {
            if (await predictions.ReadLinesAsync(segment, cancellation) is not { } lines)
            {
                continue; // deleted by retention since it was listed
            }

            foreach (int version in SegmentJoiner.VersionsOf(lines).Where(version => !tallies.ContainsKey(version)))
            {
                if (await models.LoadCardAsync(pipeline, version, cancellation) is { } card)
                {
                    tallies[version] = new OutcomeTally(card, sensitive);
                }
            }

            string name = NameOf(segment);
            (JoinedSegment? joined, JoinTally tally) = SegmentJoiner.Join(lines, batch, before.Segments.GetValueOrDefault(name), spec.Monitor.LabelHorizon, tallies.GetValueOrDefault, before.Cut + 1);
            sum = sum.Plus(tally);
            if (joined is not null)
            {
                after.Segments[name] = joined;
            }
        }

        return (after, sum, tallies);
    }

    private Task<Run> EndAsync(Upload file, RunStatus status, string reason, IReadOnlyList<RunArtifact> outputs, CancellationToken cancellation) => ends.EndAsync(
        file.Pipeline, LabelsOrchestrator.RunIdOf(file), run => run with { Status = status, Stage = "joined", Reason = reason, Outputs = outputs }, cancellation);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
