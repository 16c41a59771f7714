using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Registry.Cards;

/// <summary>Where the pages for people are, as paths in the app. Names come from people's files, so each part is escaped.</summary>
public static class PagePaths
{
    /// <summary>All pipelines.</summary>
    public const string Pipelines = "/api/pipelines";

    /// <summary>How a pipeline stands.</summary>
    public static string Overview(string pipeline) => $"{Of(pipeline)}/overview";

    /// <summary>The card of a version.</summary>
    public static string Card(string pipeline, int version) => $"{Of(pipeline)}/models/{version}/card";

    /// <summary>The versions of a pipeline.</summary>
    public static string Versions(string pipeline) => $"{Of(pipeline)}/models";

    /// <summary>The runs of a pipeline.</summary>
    public static string Runs(string pipeline) => $"{Of(pipeline)}/runs";

    /// <summary>A run.</summary>
    public static string Run(string pipeline, string id) => $"{Runs(pipeline)}/{Uri.EscapeDataString(id)}";

    /// <summary>The alerts of a pipeline.</summary>
    public static string Alerts(string pipeline) => $"{Of(pipeline)}/alerts";

    /// <summary>An alert.</summary>
    public static string Alert(string pipeline, string id) => $"{Alerts(pipeline)}/{Uri.EscapeDataString(id)}";

    /// <summary>The ledger of a pipeline.</summary>
    public static string Ledger(string pipeline) => $"{Of(pipeline)}/ledger";

    /// <summary>The ways that every page of a pipeline offers.</summary>
    public static IReadOnlyList<CardLink> Ways(string pipeline) => PipelineName.IsValid(pipeline)
        ?
        [
            new("All pipelines", Pipelines), new(pipeline, Overview(pipeline)), new("Versions", Versions(pipeline)), new("Runs", Runs(pipeline)), new("Alerts", Alerts(pipeline)),
            new("Ledger", Ledger(pipeline)),
        ]
        : [new("All pipelines", Pipelines), new("Runs", Runs(pipeline)), new("Alerts", Alerts(pipeline))];

    private static string Of(string pipeline) => $"{Pipelines}/{Uri.EscapeDataString(pipeline)}";
}
