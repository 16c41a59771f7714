using System.Globalization;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// The id of one answered row. A minted id says where the row stands in the prediction log, so that looking it up needs no search:
/// <c>{pipeline}.{yyyyMMddHH}.{instance}.{segment}.{row}</c>. A caller's own id, where given, is used instead.
/// </summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Hour">The hour of the log, in UTC.</param>
/// <param name="Instance">The process that answered: 8 lower-case hexadecimal characters, made when it started.</param>
/// <param name="Segment">The log file of that instance, counted from 0; -1 where the row was answered but could not be logged.</param>
/// <param name="Row">The row in that file, counted from 0.</param>
public readonly record struct InferenceId(string Pipeline, DateTimeOffset Hour, string Instance, int Segment, int Row)
{
    /// <summary>Length of <see cref="Instance"/>.</summary>
    public const int InstanceLength = 8;

    /// <summary>The longest id, in characters.</summary>
    public const int LongestId = 128;

    /// <summary>What the id of a row that a challenger scored in the shadow has after the id of the answer that was given.</summary>
    public const string ShadowSuffix = ":shadow";

    /// <summary>What a caller's id has to be, in words for an error.</summary>
    public const string Rule = "1 to 128 letters, digits and '.', '_', ':', '-'";

    private const string HourFormat = "yyyyMMddHH";

    /// <summary>The name of the log file that the row stands in.</summary>
    public PredictionSegmentName SegmentName => new(Pipeline, Hour, Instance, Segment);

    /// <summary>The id as it is answered.</summary>
    public override string ToString() => Prefix(Pipeline, Hour, Instance, Segment) + Row.ToString(CultureInfo.InvariantCulture);

    /// <summary>Everything of a minted id but its row; the same for a whole log file.</summary>
    public static string Prefix(string pipeline, DateTimeOffset hour, string instance, int segment) =>
        string.Create(CultureInfo.InvariantCulture, $"{pipeline}.{hour.UtcDateTime.ToString(HourFormat, CultureInfo.InvariantCulture)}.{instance}.{(segment < 0 ? "x" : segment)}.");

    /// <summary>Reads a minted id; false for one of a caller.</summary>
    public static bool TryParse(string id, out InferenceId parsed)
    {
        parsed = default;
        string[] parts = id.Split('.');
        if (parts.Length != 5 || !PipelineName.IsValid(parts[0]) || parts[2].Length != InstanceLength || !parts[2].All(char.IsAsciiHexDigitLower) ||
            !DateTimeOffset.TryParseExact(parts[1], HourFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset hour) ||
            !int.TryParse(parts[4], NumberStyles.None, CultureInfo.InvariantCulture, out int row))
        {
            return false;
        }

        int segment = -1;
        if (parts[3] != "x" && !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out segment))
        {
            return false;
        }

        parsed = new InferenceId(parts[0], hour, parts[2], segment, row);
        return true;
    }

    /// <summary>Whether a caller's id can be one (see <see cref="Rule"/>): it has to stand in a URL and in a line of the log's index.</summary>
    public static bool IsValid(ReadOnlySpan<byte> id)
    {
        if (id.Length is 0 or > LongestId)
        {
            return false;
        }

        foreach (byte b in id)
        {
            if (!(char.IsAsciiLetterOrDigit((char)b) || b is (byte)'.' or (byte)'_' or (byte)':' or (byte)'-'))
            {
                return false;
            }
        }

        return true;
    }
}
