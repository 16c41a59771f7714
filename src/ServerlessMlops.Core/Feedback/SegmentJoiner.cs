using System.Text.Json;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Core.Feedback;

/// <summary>Joins one file of the prediction log with labels, and counts its rows.</summary>
public static class SegmentJoiner
{
    /// <summary>Joins.</summary>
    /// <param name="lines">The file: one JSON object a line.</param>
    /// <param name="batch">Labels that have come.</param>
    /// <param name="before">Labels that its rows had before, or null.</param>
    /// <param name="horizon">Longest time from a prediction to its label; what comes later is left out.</param>
    /// <param name="tallies">Gives the tally of a version; null where the version's card is gone, whose rows are then left out.</param>
    /// <param name="cut">The cut that labels which come now belong to; see <see cref="JoinedHour.Cut"/>.</param>
    /// <returns>The labels that its rows have now, null for none; and what changed.</returns>
    /// <exception cref="InvalidDataException">A line is not what the log writes.</exception>
    public static (JoinedSegment? After, JoinTally Tally) Join(
        ReadOnlyMemory<byte> lines, LabelBatch batch, JoinedSegment? before, TimeSpan horizon, Func<int, OutcomeTally?> tallies, long cut = 1)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(tallies);
        var labels = new List<double>(before?.Labels.Length ?? 0);
        var times = new List<long>(before?.Times.Length ?? 0);
        var weights = new List<double>(before?.Times.Length ?? 0);
        var cuts = new List<long>(before?.Times.Length ?? 0);
        JoinTally sum = JoinTally.None;
        bool any = false;
        foreach (ReadOnlyMemory<byte> line in PredictionLines.Of(lines))
        {
            int row = labels.Count;
            using JsonDocument document = Parse(line, row);
            JsonElement prediction = document.RootElement;
            JoinedRow known = JoinedRow.Of(before, row);
            DateTimeOffset at = prediction.GetProperty("at").GetDateTimeOffset();
            if (tallies(prediction.GetProperty("version").GetInt32()) is { } tally)
            {
                string? key = prediction.TryGetProperty("key", out JsonElement named) ? named.GetString() : null;
                if (batch.Find(prediction.GetProperty("inferenceId").GetString()!, key) is { } found && found.At - at <= horizon)
                {
                    (known, JoinTally change) = Take(found, tally, known, cut);
                    sum = sum.Plus(change);
                }

                Count(prediction, tally, known, DateTimeOffset.FromUnixTimeSeconds(known.Time) - at);
            }

            any |= known.IsLabelled;
            labels.Add(known.Label);
            times.Add(known.Time);
            weights.Add(known.Weight);
            cuts.Add(known.Cut);
        }

        return (any ? new JoinedSegment
        {
            Labels = [.. labels],
            Times = [.. times],
            Weights = weights.TrueForAll(weight => weight == 1) ? null : [.. weights],
            Cuts = cuts.TrueForAll(of => of <= 1) ? null : [.. cuts],
        } : null, sum);
    }

    /// <summary>The versions whose rows are in a file. The log keeps rows of one version in a file, so the first row tells.</summary>
    public static IReadOnlyList<int> VersionsOf(ReadOnlyMemory<byte> lines)
    {
        ReadOnlyMemory<byte> first = PredictionLines.Of(lines).FirstOrDefault();
        if (first.IsEmpty)
        {
            return [];
        }

        using JsonDocument document = Parse(first, 0);
        return [document.RootElement.GetProperty("version").GetInt32()];
    }

    private static (JoinedRow After, JoinTally Change) Take(Label found, OutcomeTally tally, JoinedRow known, long cut)
    {
        found.IsMatched = true;
        double meant = tally.Understand(found.Text);
        if (double.IsNaN(meant))
        {
            return (known, new JoinTally(0, 0, 0, 1));
        }

        long at = found.At.ToUnixTimeSeconds();
        if (!known.IsLabelled)
        {
            return (new JoinedRow(meant, at, found.Weight, cut), new JoinTally(1, 0, 0, 0));
        }

        // A row that was picked and one that came of itself are two samples of the same traffic: the larger weight leaves neither out.
        double weight = Math.Max(known.Weight, found.Weight);

        // The first time a label was known is when it came; a later one counts where it says otherwise.
        return meant != known.Label && at >= known.Time
            ? (new JoinedRow(meant, at, weight, cut), new JoinTally(0, 1, 0, 0))
            : (known with { Weight = weight }, new JoinTally(0, 0, 1, 0) { Weighed = weight > known.Weight ? 1 : 0 });
    }

    private static void Count(JsonElement prediction, OutcomeTally tally, JoinedRow known, TimeSpan delay)
    {
        if (!known.IsLabelled)
        {
            tally.CountPrediction();
            return;
        }

        JsonElement values = prediction.GetProperty("outputs");
        Span<float> outputs = values.GetArrayLength() <= 128 ? stackalloc float[values.GetArrayLength()] : new float[values.GetArrayLength()];
        int next = 0;
        foreach (JsonElement value in values.EnumerateArray())
        {
            outputs[next++] = value.ValueKind == JsonValueKind.Number ? value.GetSingle() : float.NaN;
        }

        if (outputs.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            tally.CountPrediction(); // an answer that is no number was neither right nor wrong
            return;
        }

        JsonElement features = prediction.GetProperty("features");
        (string, string?)[] groups =
        [
            .. tally.Sensitive.Keys.Select(column => (column, features.TryGetProperty(column, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null)),
        ];
        tally.Count(outputs, known.Label, delay, groups, known.Weight);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> line, int row)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"Line {row + 1} of the prediction log's file is no JSON: {e.Message} The file was changed since it was written.", e);
        }
    }

    /// <summary>What is known of one row's label; NaN where none has come.</summary>
    private readonly record struct JoinedRow(double Label, long Time, double Weight, long Cut)
    {
        public bool IsLabelled => !double.IsNaN(Label);

        public static JoinedRow Of(JoinedSegment? segment, int row) => segment is null || row >= segment.Labels.Length
            ? new JoinedRow(double.NaN, 0, 1, 0)
            : new JoinedRow(segment.Labels[row], segment.Times[row], segment.Weights?[row] ?? 1, segment.CutOf(row));
    }
}
