using System.Security.Cryptography;
using System.Text;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Functions.Labelling;

/// <summary>What became of asking for labels.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Day">The day whose predictions are asked about, in UTC.</param>
/// <param name="Path">The file, below the container <c>labels</c>; null where none was written.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Of">Unlabelled predictions that they were drawn from.</param>
/// <param name="Reason">Why none was written, or null.</param>
public sealed record LabelRequestOutcome(string Pipeline, DateOnly Day, string? Path, int Rows, long Of, string? Reason);

/// <summary>
/// Writes a day's request for labels: the most useful of its unlabelled predictions by the version that serves, with the pipeline's guideline. One file a day
/// and pipeline, whoever asks and how often.
/// </summary>
public sealed class LabelRequests(
    ILabelRequestStore requests,
    UnlabelledRows unlabelled,
    IModelRegistry registry,
    IModelStore models,
    IMonitorReports reports,
    PredictionLog log,
    SpecReader specs,
    TimeProvider time)
{
    /// <summary>Most files of the log that are read for one request: of a day that has more, so many are picked at random, and the weights say so.</summary>
    public const int MostSegments = 500;

    private const int MostDriftedInputs = 5;

    /// <summary>Writes the request of a day, unless it is there.</summary>
    public async Task<LabelRequestOutcome> WriteAsync(string pipeline, DateOnly day, CancellationToken cancellation)
    {
        LabelRequestOutcome None(string reason) => new(pipeline, day, null, 0, 0, reason);
        string name = LabelRequestFile.NameOf(day);
        if ((await requests.ListAsync(pipeline, cancellation)).Contains(name))
        {
            return None($"labels/{pipeline}/requests/{name}.csv was written before.");
        }

        if (await specs.ReadAsync(pipeline, cancellation) is not { } inForce)
        {
            return None($"Pipeline '{pipeline}' has no spec.");
        }

        LabellingSpec wanted = inForce.Spec.Labelling ?? new LabellingSpec();
        if (wanted.Rows == 0)
        {
            return None("The spec asks for no labels (labelling.rows: 0).");
        }

        if ((await registry.GetHeadAsync(pipeline, cancellation)).Live is not { } live || await models.LoadCardAsync(pipeline, live.Version, cancellation) is not { } card)
        {
            return None($"Pipeline '{pipeline}' has no live model.");
        }

        await log.FlushAsync(pipeline, cancellation);
        int seed = BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"{pipeline}/{name}")));
        var midnight = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        List<PredictionSegmentName> all = await unlabelled.SegmentsAsync(pipeline, Enumerable.Range(0, 24).Select(hour => midnight.AddHours(hour)), cancellation);
        PredictionSegmentName[] read = all.Count <= MostSegments ? [.. all] : [.. Picked(all, seed)];
        DriftedSegment? segment = await FindSegmentAsync(pipeline, card, live.Version, read, cancellation);
        var draw = new LabelDraw(wanted, certain: card.Task != LearningTask.Regression, drifted: segment is not null, seed);
        await foreach (LoggedPrediction row in RowsAsync(pipeline, live.Version, read, cancellation))
        {
            draw.Offer(row, Usefulness.Of(card.Task, row.Outputs, card.Threshold), segment?.Contains(row) == true);
        }

        IReadOnlyList<LabelPick> picks = draw.Finish(read.Length == 0 ? 1 : (double)all.Count / read.Length);
        if (picks.Count == 0)
        {
            return None($"Version {live.Version} has no unlabelled predictions of {name}.");
        }

        string guide = LabelRequestFile.Guide(pipeline, inForce.Spec, card.Classes, name, await requests.ReadGuidelineAsync(pipeline, cancellation));
        await requests.SaveAsync(pipeline, name, LabelRequestFile.Write(picks, inForce.Spec, segment), guide, cancellation);
        return new LabelRequestOutcome(pipeline, day, $"{pipeline}/requests/{name}.csv", picks.Count, draw.Offered, null);
    }

    /// <summary>The day before now, in UTC: the newest that is over.</summary>
    public DateOnly Yesterday() => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(-1);

    private static IEnumerable<PredictionSegmentName> Picked(List<PredictionSegmentName> all, int seed)
    {
        PredictionSegmentName[] shuffled = [.. all];
        new Random(seed).Shuffle(shuffled);
        return shuffled.Take(MostSegments).OrderBy(s => s.Hour);
    }

    private async Task<DriftedSegment?> FindSegmentAsync(
        string pipeline, ModelCard card, int version, IReadOnlyList<PredictionSegmentName> segments, CancellationToken cancellation)
    {
        if (await reports.GetLatestAsync(pipeline, time.GetUtcNow(), TimeSpan.FromDays(2), version, cancellation) is not { } report)
        {
            return null;
        }

        FeatureGroups[] drifted = [.. report.Findings
            .Where(f => f is { Kind: MonitorKind.DataDrift, Verdict: MonitorVerdict.Alarm or MonitorVerdict.Warning })
            .OrderByDescending(f => f.Effect)
            .Select(f => card.Reference.FirstOrDefault(r => r.Name == f.Subject))
            .OfType<FeatureGroups>()
            .Take(MostDriftedInputs)];
        if (drifted.Length == 0)
        {
            return null;
        }

        long[][] counts = [.. drifted.Select(reference => new long[reference.GroupCount])];
        await foreach (LoggedPrediction row in RowsAsync(pipeline, version, segments, cancellation))
        {
            for (int i = 0; i < drifted.Length; i++)
            {
                if (DriftedSegment.GroupOf(drifted[i], row) is >= 0 and var group)
                {
                    counts[i][group]++;
                }
            }
        }

        return DriftedSegment.Find(drifted.Zip(counts, (reference, now) => (reference, (IReadOnlyList<long>)now)));
    }

    private async IAsyncEnumerable<LoggedPrediction> RowsAsync(
        string pipeline, int version, IReadOnlyList<PredictionSegmentName> segments, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (IGrouping<DateTimeOffset, PredictionSegmentName> hour in segments.GroupBy(s => s.Hour))
        {
            JoinedHour joined = await unlabelled.LabelsAsync(pipeline, hour.Key, cancellation);
            foreach (PredictionSegmentName segment in hour)
            {
                foreach (LoggedPrediction row in (await unlabelled.ReadAsync(segment, joined, cancellation)).Where(r => r.Version == version))
                {
                    yield return row;
                }
            }
        }
    }
}
