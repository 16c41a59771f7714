using System.Globalization;
using System.Text.Json;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Labelling;

/// <summary>A part of the traffic: rows whose value of one input is in one of the model's reference groups.</summary>
/// <param name="Reference">The input's groups, with their counts in training.</param>
/// <param name="Group">The group.</param>
/// <param name="Growth">How much larger its share is now than in training, -1 to 1.</param>
public sealed record DriftedSegment(FeatureGroups Reference, int Group, double Growth)
{
    /// <summary>In words, such as <c>speed above 41.5</c>.</summary>
    public string Description => $"{Reference.Name} {Range}";

    private string Range
    {
        get
        {
            if (Group == Reference.MissingGroup)
            {
                return "missing";
            }

            if (Reference.Kind == FeatureKind.Category)
            {
                return Group == Reference.RestGroup ? "rare or new" : $"is {Reference.Categories[Group]}";
            }

            string? above = Group == 0 ? null : Reference.Edges[Group - 1].ToString("G6", CultureInfo.InvariantCulture);
            string? upTo = Group == Reference.Edges.Count ? null : Reference.Edges[Group].ToString("G6", CultureInfo.InvariantCulture);
            return (above, upTo) switch
            {
                (null, null) => "known",
                (null, _) => $"up to {upTo}",
                (_, null) => $"above {above}",
                _ => $"above {above}, up to {upTo}",
            };
        }
    }

    /// <summary>Whether the row is of it.</summary>
    public bool Contains(LoggedPrediction row) => GroupOf(Reference, row) == Group;

    /// <summary>The group of a logged row's value; -1 where the log does not keep the value.</summary>
    public static int GroupOf(FeatureGroups reference, LoggedPrediction row)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(row);
        if (!row.Features.TryGetProperty(reference.Name, out JsonElement value) || value.ValueKind == JsonValueKind.Object)
        {
            return -1;
        }

        if (value.ValueKind == JsonValueKind.Null)
        {
            return reference.MissingGroup;
        }

        if (reference.Kind == FeatureKind.Number)
        {
            return FeatureGroups.GroupOf([.. reference.Edges], value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN);
        }

        string name = value.ToString();
        for (int i = 0; i < reference.Categories.Count; i++)
        {
            if (reference.Categories[i] == name)
            {
                return i;
            }
        }

        return reference.RestGroup;
    }

    /// <summary>The segment whose share grew most among the inputs; null where none grew, or nothing was counted.</summary>
    /// <param name="counted">Inputs that drift, and how many rows each of their groups has now.</param>
    public static DriftedSegment? Find(IEnumerable<(FeatureGroups Reference, IReadOnlyList<long> Now)> counted)
    {
        ArgumentNullException.ThrowIfNull(counted);
        DriftedSegment? most = null;
        foreach ((FeatureGroups reference, IReadOnlyList<long> now) in counted)
        {
            double rows = now.Sum(), trained = reference.Counts.Sum();
            for (int group = 0; group < reference.GroupCount && rows > 0 && trained > 0; group++)
            {
                double growth = (now[group] / rows) - (reference.Counts[group] / trained);
                if (growth > (most?.Growth ?? 0))
                {
                    most = new DriftedSegment(reference, group, growth);
                }
            }
        }

        return most;
    }
}
