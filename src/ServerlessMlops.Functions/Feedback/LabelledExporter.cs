using System.Globalization;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Functions.Feedback;

/// <summary>What came of putting labelled predictions into a file.</summary>
/// <param name="File">The file; null where there is none.</param>
/// <param name="Rows">Rows in it, as far as this call knows.</param>
/// <param name="Reason">What was done, or why nothing, in a sentence.</param>
/// <param name="IsObstructed">Whether nothing can be done as the spec stands.</param>
public sealed record LabelledOutcome(Upload? File, int Rows, string Reason, bool IsObstructed = false);

/// <summary>
/// Puts predictions whose label has come into a file among the uploads, where they go the way of any upload. Done twice, at once or after a crash: first it is settled
/// which labels the next file has, then the file is written under its number, which the first writer's content keeps.
/// </summary>
public sealed class LabelledExporter(
    ILabelledExports exports, IOutcomeStore outcomes, IPredictionStore predictions, IModelRegistry registry, IModelStore models, IDatasetStore datasets, TimeProvider time)
{
    /// <summary>About how many rows a file has at most; what is more waits for the next.</summary>
    public const int MostRows = 100_000;

    private const int MostRaces = 20;
    private const string HourFormat = "yyyyMMddHH";

    // Labels of an hour whose horizon is over may wait for guards of trainings; longer than this they do not.
    private static readonly TimeSpan Patience = TimeSpan.FromDays(7);

    /// <summary>Writes the next file, if labels have come that are in none.</summary>
    public async Task<LabelledOutcome> WriteAsync(string pipeline, PipelineSpec spec, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if ((await registry.GetHeadAsync(pipeline, cancellation)).Live is not { } live || await models.LoadCardAsync(pipeline, live.Version, cancellation) is not { } card)
        {
            return new LabelledOutcome(null, 0, $"Pipeline '{pipeline}' has no live model.");
        }

        Data.Columns.TableSchema? schema = (await datasets.GetNewestBatchAsync(pipeline, cancellation))?.Schema;
        if (LabelledFile.Obstacle(spec, card, schema) is { } obstacle)
        {
            return new LabelledOutcome(null, 0, $"Labels cannot be learned from: {obstacle}", IsObstructed: true);
        }

        DateTimeOffset since = time.GetUtcNow() - spec.Monitor.LabelHorizon - Patience;
        (LabelledExport export, string? etag) = await exports.LoadAsync(pipeline, cancellation);
        if (export.Next is null)
        {
            export = export with { Next = await SettleAsync(pipeline, export, since, cancellation) };
            if (export.Next!.Count == 0)
            {
                return new LabelledOutcome(null, 0, "All labels that have come have been learned from, or are about to be.");
            }

            if (!await exports.SaveAsync(pipeline, export, etag, cancellation))
            {
                return new LabelledOutcome(null, 0, "Another check is at it.");
            }

            (export, etag) = await exports.LoadAsync(pipeline, cancellation);
            if (export.Next is null)
            {
                return new LabelledOutcome(null, 0, "Another check was faster.");
            }
        }

        List<LabelledPrediction> rows = await RowsAsync(pipeline, export, cancellation);
        byte[] csv = LabelledFile.Write(rows, spec, schema, out int leftOut);
        string path = LabelledFile.PathOf(pipeline, export.Number);
        int kept = rows.Count - leftOut;
        Upload? file = kept > 0 ? await exports.PutAsync(path, csv, cancellation) : null;
        await exports.SaveAsync(pipeline, export.Written(Text(since)), etag, cancellation);
        string besides = leftOut > 0 ? $" {leftOut} more were logged as hashes or not in full, and are left out." : "";
        return file is null
            ? new LabelledOutcome(null, 0, $"None of the labelled predictions is in the log any more, in full.{besides}")
            : new LabelledOutcome(file, kept, $"{kept} labelled prediction(s) are in uploads/{path}; they are those that got a label, not a random sample of the traffic.{besides}");
    }

    /// <summary>Cuts through each hour's labels, so that what has come so far stays apart from what comes later.</summary>
    private async Task<IReadOnlyDictionary<string, long>> SettleAsync(string pipeline, LabelledExport export, DateTimeOffset since, CancellationToken cancellation)
    {
        var next = new Dictionary<string, long>(StringComparer.Ordinal);
        long rows = 0;
        foreach (DateTimeOffset hour in await exports.ListHoursAsync(pipeline, since, cancellation))
        {
            JoinedHour joined = await CutAsync(pipeline, hour, cancellation);
            long taken = export.Taken.GetValueOrDefault(Text(hour));
            long waiting = joined.Segments.Values.Sum(segment => Enumerable.Range(0, segment.Labels.Length).LongCount(row => segment.CutOf(row) > taken && segment.CutOf(row) <= joined.Cut));
            if (waiting > 0)
            {
                next[Text(hour)] = joined.Cut;
                rows += waiting;
            }

            if (rows >= MostRows)
            {
                break;
            }
        }

        return next;
    }

    private async Task<JoinedHour> CutAsync(string pipeline, DateTimeOffset hour, CancellationToken cancellation)
    {
        for (int race = 0; race < MostRaces; race++)
        {
            (JoinedHour joined, string? etag) = await outcomes.LoadHourAsync(pipeline, hour, cancellation);
            if (!joined.Segments.Values.Any(segment => Enumerable.Range(0, segment.Labels.Length).Any(row => segment.CutOf(row) > joined.Cut)))
            {
                return joined;
            }

            joined.Cut++;
            if (await outcomes.SaveHourAsync(pipeline, hour, joined, etag, cancellation))
            {
                return joined;
            }
        }

        throw new InvalidOperationException($"Hour {hour:u} of pipeline '{pipeline}' was changed by others {MostRaces} times while its labels were put into a file.");
    }

    private async Task<List<LabelledPrediction>> RowsAsync(string pipeline, LabelledExport export, CancellationToken cancellation)
    {
        var rows = new List<LabelledPrediction>();
        var cards = new Dictionary<int, ModelCard?>();
        foreach ((string name, long cut) in export.Next!.OrderBy(hour => hour.Key, StringComparer.Ordinal))
        {
            DateTimeOffset hour = DateTimeOffset.ParseExact(name, HourFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            (JoinedHour joined, _) = await outcomes.LoadHourAsync(pipeline, hour, cancellation);
            long taken = export.Taken.GetValueOrDefault(name);
            await foreach (PredictionSegmentName segment in predictions.ListAsync(pipeline, hour, cancellation))
            {
                if (joined.Segments.GetValueOrDefault(JoinLabels.NameOf(segment)) is not { } labels
                    || await predictions.ReadLinesAsync(segment, cancellation) is not { } lines)
                {
                    continue; // without labels, or deleted by retention
                }

                foreach ((LoggedPrediction row, int number) in Labelled(lines, labels, taken, cut))
                {
                    if (!cards.TryGetValue(row.Version, out ModelCard? card))
                    {
                        cards[row.Version] = card = await models.LoadCardAsync(pipeline, row.Version, cancellation);
                    }

                    if (card is not null)
                    {
                        rows.Add(new LabelledPrediction(row, LabelledPrediction.TextOf(labels.Labels[number], card)));
                    }
                }
            }
        }

        return rows;
    }

    private static IEnumerable<(LoggedPrediction Row, int Number)> Labelled(ReadOnlyMemory<byte> lines, JoinedSegment labels, long after, long upTo)
    {
        int number = 0;
        foreach (ReadOnlyMemory<byte> line in PredictionLines.Of(lines))
        {
            if (labels.CutOf(number) is var cut && cut > after && cut <= upTo && LoggedPrediction.Parse(line) is { } row)
            {
                yield return (row, number);
            }

            number++;
        }
    }

    private static string Text(DateTimeOffset hour) => hour.UtcDateTime.ToString(HourFormat, CultureInfo.InvariantCulture);
}
