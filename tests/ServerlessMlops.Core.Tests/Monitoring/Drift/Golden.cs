using System.Text.Json;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring.Drift;

/// <summary>What SciPy says (golden.json, made by golden.py).</summary>
internal static class Golden
{
    private static readonly JsonElement Root = Load();

    public static IReadOnlyList<JsonElement> Cases => [.. Root.GetProperty("cases").EnumerateArray()];

    public static JsonElement Of(string name) => Root.GetProperty(name);

    public static FeatureGroups Reference(JsonElement @case, FeatureKind kind)
    {
        double[] knots = @case.GetProperty("knots").Deserialize<double[]>()!;
        long[] counts = @case.GetProperty("reference").Deserialize<long[]>()!;
        return kind == FeatureKind.Number
            ? new FeatureGroups("x", kind, knots[1..^1], [], counts) { Min = knots[0], Max = knots[^1] }
            : new FeatureGroups("c", kind, [], [.. Enumerable.Range(0, counts.Length - 2).Select(i => $"n{i}")], counts);
    }

    private static JsonElement Load()
    {
        using Stream stream = typeof(Golden).Assembly.GetManifestResourceStream("Monitoring/Drift/golden.json")
            ?? throw new InvalidOperationException("golden.json is not embedded in the test assembly.");
        return JsonDocument.Parse(stream).RootElement;
    }
}
