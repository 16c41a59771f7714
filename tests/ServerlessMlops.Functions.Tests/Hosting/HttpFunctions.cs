using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Functions.Ingestion;

namespace ServerlessMlops.Functions.Tests.Hosting;

/// <summary>Every HTTP function of the app, by reflection: what holds for all of them is tested on all of them, the next one included.</summary>
internal static partial class HttpFunctions
{
    public static IReadOnlyList<(string Name, HttpTriggerAttribute Trigger)> All { get; } =
    [
        .. typeof(UploadArrived).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .Where(method => method.IsDefined(typeof(FunctionAttribute)))
            .SelectMany(method => method.GetParameters().Select(parameter => (method.GetCustomAttribute<FunctionAttribute>()!.Name, Trigger: parameter.GetCustomAttribute<HttpTriggerAttribute>()!)))
            .Where(function => function.Trigger is not null),
    ];

    /// <summary>The route with a pipeline's name filled in, and something for each other parameter.</summary>
    public static string Path(HttpTriggerAttribute trigger, string pipeline) => Token().Replace(
        trigger.Route!, match => match.Value == "{pipeline}" ? pipeline : match.Value.Contains(":int", StringComparison.Ordinal) ? "1" : "nobody");

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Token();
}
