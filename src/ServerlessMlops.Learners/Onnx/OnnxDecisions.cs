using System.Globalization;
using System.Text.Json;
using ServerlessMlops.Learners.Calibration;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>Reads from a file's metadata what its writer has found beside the scores: decision threshold and interval.</summary>
internal static class OnnxDecisions
{
    /// <summary>Two classes: the threshold, 0.5 where the file has none.</summary>
    /// <exception cref="OnnxFormatException">It is no probability.</exception>
    public static double Threshold(Dictionary<string, string> metadata, LearningTask task)
    {
        if (task != LearningTask.Binary || !metadata.TryGetValue(OnnxWriter.ThresholdKey, out string? text))
        {
            return 0.5;
        }

        // A threshold just above 1 decides no row positive.
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double threshold) && threshold >= 0 && threshold <= Math.BitIncrement(1.0)
            ? threshold
            : throw new OnnxFormatException($"Metadata '{OnnxWriter.ThresholdKey}' is '{text}'; expected a number from 0 to 1.");
    }

    /// <summary>Regression: the interval, null where the file has none.</summary>
    /// <exception cref="OnnxFormatException">It is no interval.</exception>
    public static ConformalInterval? Interval(Dictionary<string, string> metadata, LearningTask task)
    {
        if (task != LearningTask.Regression || !metadata.TryGetValue(OnnxWriter.IntervalKey, out string? json))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<ConformalInterval>(json) is { Coverage: > 0 and < 1, HalfWidth: >= 0, Rows: > 0 } interval && double.IsFinite(interval.HalfWidth)
                ? interval
                : throw new OnnxFormatException($"Metadata '{OnnxWriter.IntervalKey}' is '{json}'; expected a coverage between 0 and 1, a half width and a number of rows.");
        }
        catch (JsonException e)
        {
            throw new OnnxFormatException($"Metadata '{OnnxWriter.IntervalKey}' is not JSON: {e.Message}", e);
        }
    }
}
