using System.Text.Json;

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
    /// <returns>The labels that its rows have now, null for none; and what changed.</returns>
    /// <exception cref="InvalidDataException">A line is not what the log writes.</exception>
    public static (JoinedSegment? After, JoinTally Tally) Join(
        ReadOnlyMemory<byte> lines, LabelBatch batch, JoinedSegment? before, TimeSpan horizon, Func<int, OutcomeTally?> tallies)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(tallies);
        var labels = new List<double>(before?.Labels.Length ?? 0);
        var times = new List<long>(before?.Times.Length ?? 0);
        JoinTally sum = JoinTally.None;
        bool any = false;
        for (ReadOnlyMemory<byte> rest = lines; !rest.IsEmpty;)
        {
            int end = rest.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line.IsEmpty)
            {
                continue;
            }

            int row = labels.Count;
            using JsonDocument document = Parse(line, row);
            JsonElement prediction = document.RootElement;
            double label = before is not null && row < before.Labels.Length ? before.Labels[row] : double.NaN;
            long time = before is not null && row < before.Times.Length ? before.Times[row] : 0;
            DateTimeOffset at = prediction.GetProperty("at").GetDateTimeOffset();
            if (tallies(prediction.GetProperty("version").GetInt32()) is { } tally)
            {
                string? key = prediction.TryGetProperty("key", out JsonElement named) ? named.GetString() : null;
                if (batch.Find(prediction.GetProperty("inferenceId").GetString()!, key) is { } found && found.At - at <= horizon)
                {
                    (label, time, JoinTally change) = Take(found, tally, label, time);
                    sum = sum.Plus(change);
                }

                Count(prediction, tally, label, DateTimeOffset.FromUnixTimeSeconds(time) - at);
            }

            any |= !double.IsNaN(label);
            labels.Add(label);
            times.Add(time);
        }

        return (any ? new JoinedSegment { Labels = [.. labels], Times = [.. times] } : null, sum);
    }

    /// <summary>The versions whose rows are in a file. The log keeps rows of one version in a file, so the first row tells.</summary>
    public static IReadOnlyList<int> VersionsOf(ReadOnlyMemory<byte> lines)
    {
        int end = lines.Span.IndexOf((byte)'\n');
        ReadOnlyMemory<byte> first = end < 0 ? lines : lines[..end];
        if (first.IsEmpty)
        {
            return [];
        }

        using JsonDocument document = Parse(first, 0);
        return [document.RootElement.GetProperty("version").GetInt32()];
    }

    private static (double Label, long Time, JoinTally Change) Take(Label found, OutcomeTally tally, double label, long time)
    {
        found.IsMatched = true;
        double meant = tally.Understand(found.Text);
        if (double.IsNaN(meant))
        {
            return (label, time, new JoinTally(0, 0, 0, 1));
        }

        long at = found.At.ToUnixTimeSeconds();
        if (double.IsNaN(label))
        {
            return (meant, at, new JoinTally(1, 0, 0, 0));
        }

        // The first time a label was known is when it came; a later one counts where it says otherwise.
        return meant != label && at >= time ? (meant, at, new JoinTally(0, 1, 0, 0)) : (label, time, new JoinTally(0, 0, 1, 0));
    }

    private static void Count(JsonElement prediction, OutcomeTally tally, double label, TimeSpan delay)
    {
        if (double.IsNaN(label))
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
        tally.Count(outputs, label, delay, groups);
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
}
