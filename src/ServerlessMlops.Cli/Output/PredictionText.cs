using System.Text.Json;

namespace ServerlessMlops.Cli.Output;

/// <summary>
/// A prediction, as it comes in an invocation's answer, in a few characters: <c>yes (0.83)</c> for a decision with its probability,
/// the value for a regression.
/// </summary>
internal static class PredictionText
{
    public static string Of(JsonElement prediction) => prediction.ValueKind switch
    {
        JsonValueKind.Number => Format.Metric(prediction.GetDouble()),
        JsonValueKind.Object when prediction.TryGetProperty("decision", out JsonElement decision) =>
            Probability(prediction) is { } probability ? $"{decision} ({Format.Metric(probability)})" : decision.ToString(),
        JsonValueKind.Object when prediction.TryGetProperty("value", out JsonElement value) => Of(value),
        JsonValueKind.Array => string.Join(" ", prediction.EnumerateArray().Select(Of)),
        _ => prediction.ToString(),
    };

    /// <summary>The probability that stands in a prediction (binary: of the positive class), or null.</summary>
    public static double? Probability(JsonElement prediction) =>
        prediction.ValueKind == JsonValueKind.Object && prediction.TryGetProperty("probability", out JsonElement probability) && probability.ValueKind == JsonValueKind.Number
            ? probability.GetDouble()
            : null;

    /// <summary>The id by which the app answers for this prediction later; empty where it gave none.</summary>
    public static string InferenceId(JsonElement prediction) =>
        prediction.ValueKind == JsonValueKind.Object && prediction.TryGetProperty("inferenceId", out JsonElement id) ? id.ToString() : "";
}
