using System.Text.Json;

namespace ServerlessMlops.Cli.Output;

/// <summary>A prediction, as it comes in an invocation's answer, in a few characters.</summary>
internal static class PredictionText
{
    public static string Of(JsonElement prediction) => prediction.ValueKind switch
    {
        JsonValueKind.Number => Format.Metric(prediction.GetDouble()),
        JsonValueKind.Object => string.Join("  ", prediction.EnumerateObject().Select(part => $"{part.Name} {Of(part.Value)}")),
        JsonValueKind.Array => string.Join(" ", prediction.EnumerateArray().Select(Of)),
        _ => prediction.ToString(),
    };
}
