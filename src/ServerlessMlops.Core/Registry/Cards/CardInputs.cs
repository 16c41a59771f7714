using System.Globalization;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Learners;
using static ServerlessMlops.Core.Registry.Cards.CardFigures;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>The part of a card about what a model takes and gives.</summary>
internal static class CardInputs
{
    private const int MostInfluences = 15;

    /// <summary>What the model goes by.</summary>
    public static CardTable Influences(ModelCard card)
    {
        double largest = card.Influences.Max(i => i.Loss);
        return new CardTable(
            ["Input", "Loss when shuffled", "Output", "Curve"],
            [
                .. card.Influences.Where(i => !i.IsNone()).Take(MostInfluences).Select(i => (CardCell[])
                [
                    new(i.Input, CardTone.Id),
                    new(Value(i.Loss), Share: largest > 0 ? Math.Clamp(i.Loss / largest, 0, 1) : 0),
                    i.Curve.Count == 0 ? "" : $"{Value(i.Curve[0].Outputs[^1])} at {i.Curve[0].At}, {Value(i.Curve[^1].Outputs[^1])} at {i.Curve[^1].At}",
                    new("", Shape: Heights(i.Curve)),
                ]),
            ]);
    }

    /// <summary>The inputs, as they were in training.</summary>
    public static CardTable Table(ModelCard card) => new(
        ["Input", "Kind", "In training", "Missing", "Distribution"],
        [
            .. card.Inputs.Select(input =>
            {
                FeatureGroups? groups = card.Reference.FirstOrDefault(g => g.Name == input.Name);
                double missing = groups is null ? 0 : Missing(groups);
                return (CardCell[])
                [
                    new(input.Name, CardTone.Id),
                    input.Kind == FeatureKind.Number ? "number" : "category",
                    groups is null ? "" : Values(groups),
                    new(missing.ToString("0.#%", CultureInfo.InvariantCulture), missing > 0.2 ? CardTone.Unsure : CardTone.Plain),
                    new("", Shape: groups is null ? null : Shape(groups)),
                ];
            }),
        ]);

    /// <summary>What it answers.</summary>
    public static CardTable Output(ModelCard card) => new(
        ["Output", "Range on the hold-out", "Distribution"],
        [[card.Task == LearningTask.Regression ? card.Interval is { } around ? $"value; {around.Coverage:0.##%} of the true values lie within {Value(around.HalfWidth)} of it" : "value" : card.Task == LearningTask.Binary ? $"probability of '{card.Classes[1]}'; the decision turns at {Value(card.Threshold)}" : "probability of each class", Values(card.OutputReference), new("", Shape: Shape(card.OutputReference))]]);

    /// <summary>A request that it answers, as a command.</summary>
    public static string Example(ModelCard card)
    {
        IEnumerable<string> fields = card.Inputs.Select(input =>
        {
            FeatureGroups? groups = card.Reference.FirstOrDefault(g => g.Name == input.Name);
            string value = input.Kind == FeatureKind.Number
                ? (groups is { Edges.Count: > 0 } ? groups.Edges[groups.Edges.Count / 2] : 0).ToString("0.###", CultureInfo.InvariantCulture)
                : System.Text.Json.JsonSerializer.Serialize(input.Categories.Count > 0 ? input.Categories[0] : "", MlopsJson.Options);
            return $"{System.Text.Json.JsonSerializer.Serialize(input.Name, MlopsJson.Options)}: {value}";
        });
        string body = $"{{\"dataframe_records\": [{{{string.Join(", ", fields)}}}]}}".Replace("'", "'\\''", StringComparison.Ordinal);
        return $"curl -s $MLOPS_URL/models/{card.Pipeline}/invocations -H 'content-type: application/json' -d '{body}'";
    }
}
