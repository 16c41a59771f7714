using System.Text.Json;

namespace ServerlessMlops.Core.Labelling;

/// <summary>A row of the prediction log, read back.</summary>
/// <param name="InferenceId">Its id.</param>
/// <param name="At">When it was answered.</param>
/// <param name="Version">By which version.</param>
/// <param name="Key">The pipeline's key, where the caller gave it.</param>
/// <param name="Features">The inputs, by name: numbers, texts, null where missing, <c>{"hash":"..."}</c> where the log keeps no more; absent where it keeps nothing.</param>
/// <param name="Outputs">The model's outputs; NaN where one is no number.</param>
/// <param name="Decision">The class decided for, or null for a regression.</param>
public sealed record LoggedPrediction(
    string InferenceId, DateTimeOffset At, int Version, string? Key, JsonElement Features, IReadOnlyList<float> Outputs, string? Decision)
{
    /// <summary>Whether the answer was marked for a person to look at, by the rules of the spec in force then.</summary>
    public bool NeedsReview { get; init; }

    /// <summary>Reads a line of the log; null for a shadow's, whose answer went to nobody.</summary>
    /// <exception cref="InvalidDataException">The line is not what the log writes.</exception>
    public static LoggedPrediction? Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement row = document.RootElement;
            if (row.TryGetProperty("shadow", out _))
            {
                return null;
            }

            return new LoggedPrediction(
                row.GetProperty("inferenceId").GetString()!,
                row.GetProperty("at").GetDateTimeOffset(),
                row.GetProperty("version").GetInt32(),
                row.TryGetProperty("key", out JsonElement key) ? key.GetString() : null,
                row.GetProperty("features").Clone(),
                [.. row.GetProperty("outputs").EnumerateArray().Select(o => o.ValueKind == JsonValueKind.Number ? o.GetSingle() : float.NaN)],
                row.TryGetProperty("decision", out JsonElement decision) ? decision.GetString() : null)
            {
                NeedsReview = row.TryGetProperty("needsReview", out JsonElement review) && review.GetBoolean(),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"A line of the prediction log is not what the log writes: {e.Message} The file was changed since it was written.", e);
        }
    }
}
