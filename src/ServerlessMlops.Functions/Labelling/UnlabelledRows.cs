using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Feedback;

namespace ServerlessMlops.Functions.Labelling;

/// <summary>Reads logged predictions that have no label yet, file by file: bounded memory whatever the traffic.</summary>
public sealed class UnlabelledRows(IPredictionStore predictions, IOutcomeStore outcomes)
{
    /// <summary>The files of the log of some hours.</summary>
    public async Task<List<PredictionSegmentName>> SegmentsAsync(string pipeline, IEnumerable<DateTimeOffset> hours, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(hours);
        var segments = new List<PredictionSegmentName>();
        foreach (DateTimeOffset hour in hours)
        {
            await foreach (PredictionSegmentName segment in predictions.ListAsync(pipeline, hour, cancellation))
            {
                segments.Add(segment);
            }
        }

        return segments;
    }

    /// <summary>Rows of a file that were answered to somebody and have no label; none where retention has deleted the file.</summary>
    /// <param name="segment">The file.</param>
    /// <param name="joined">The labels of its hour.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IReadOnlyList<LoggedPrediction>> ReadAsync(PredictionSegmentName segment, JoinedHour joined, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(joined);
        var rows = new List<LoggedPrediction>();
        if (await predictions.ReadLinesAsync(segment, cancellation) is not { } lines)
        {
            return rows;
        }

        double[] labels = joined.Segments.GetValueOrDefault(JoinLabels.NameOf(segment))?.Labels ?? [];
        int row = 0;
        foreach (ReadOnlyMemory<byte> line in PredictionLines.Of(lines))
        {
            if ((row >= labels.Length || double.IsNaN(labels[row])) && LoggedPrediction.Parse(line) is { } prediction)
            {
                rows.Add(prediction);
            }

            row++;
        }

        return rows;
    }

    /// <summary>The labels of an hour.</summary>
    public async Task<JoinedHour> LabelsAsync(string pipeline, DateTimeOffset hour, CancellationToken cancellation) =>
        (await outcomes.LoadHourAsync(pipeline, hour, cancellation)).Joined;
}
