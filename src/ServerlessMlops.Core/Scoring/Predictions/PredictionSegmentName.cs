using System.Globalization;

namespace ServerlessMlops.Core.Scoring.Predictions;

/// <summary>One file of the prediction log, in the <c>predictions</c> container.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Hour">The hour in which its rows were answered, in UTC.</param>
/// <param name="Instance">The process that wrote it.</param>
/// <param name="Segment">Its number, counted from 0 by that process.</param>
public readonly record struct PredictionSegmentName(string Pipeline, DateTimeOffset Hour, string Instance, int Segment)
{
    /// <summary>The rows: one JSON object a line.</summary>
    public string LinesPath => HourPrefix(Pipeline, Hour) + string.Create(CultureInfo.InvariantCulture, $"{Instance}-{Segment}.jsonl");

    /// <summary>The index: where each id's line stands. Written after the rows, so its presence means that both are there.</summary>
    public string IndexPath => HourPrefix(Pipeline, Hour) + string.Create(CultureInfo.InvariantCulture, $"{Instance}-{Segment}.index");

    /// <summary>What all files of a pipeline's hour begin with: <c>{pipeline}/{yyyy}/{MM}/{dd}/{HH}/</c>.</summary>
    public static string HourPrefix(string pipeline, DateTimeOffset hour) =>
        string.Create(CultureInfo.InvariantCulture, $"{pipeline}/{hour.UtcDateTime:yyyy}/{hour.UtcDateTime:MM}/{hour.UtcDateTime:dd}/{hour.UtcDateTime:HH}/");

    /// <summary>The hour of a file of the log or an index, by its path; null for another file.</summary>
    public static DateTimeOffset? HourOf(string path) =>
        path.Split('/') is { Length: 6 } parts &&
        DateTimeOffset.TryParseExact(string.Concat(parts.AsSpan(1, 4)), "yyyyMMddHH", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset hour)
            ? hour
            : null;

    /// <summary>Reads the name of an index from its path; false for another file.</summary>
    public static bool TryParseIndexPath(string path, out PredictionSegmentName name)
    {
        name = default;
        string[] parts = path.Split('/');
        if (parts.Length != 6 || !parts[5].EndsWith(".index", StringComparison.Ordinal))
        {
            return false;
        }

        string[] file = parts[5][..^".index".Length].Split('-');
        if (file.Length != 2 ||
            !DateTimeOffset.TryParseExact(
                string.Concat(parts.AsSpan(1, 4)), "yyyyMMddHH", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset hour) ||
            !int.TryParse(file[1], NumberStyles.None, CultureInfo.InvariantCulture, out int segment))
        {
            return false;
        }

        name = new PredictionSegmentName(parts[0], hour, file[0], segment);
        return true;
    }
}
