using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>A channel and the app setting with its address: what the rules of a spec that lead to the same place have in common.</summary>
/// <param name="To">The channel.</param>
/// <param name="Setting">Name of the app setting.</param>
/// <param name="Rules">The rules, at least one.</param>
/// <param name="IsOffer">Whether nobody asked for it: it counts only where its setting is set.</param>
public sealed record AlertDestination(AlertTarget To, string Setting, IReadOnlyList<AlertSpec> Rules, bool IsOffer = false)
{
    /// <summary>Tells one destination from another, without the address; no characters that storage refuses in keys.</summary>
    public string Name { get; } = $"{To.ToString().ToLowerInvariant()} {new string([.. Setting.Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' or '-')])}";

    /// <summary>Whether the service behind the channel keeps incidents of its own, and is told when somebody looks after one.</summary>
    public bool KeepsIncidents => To == AlertTarget.PagerDuty;

    /// <summary>The rules that ask for alerts such as this one.</summary>
    public IEnumerable<AlertSpec> RulesFor(Alert alert) =>
        Rules.Where(rule => alert.Severity >= rule.Severity && (rule.On.Count == 0 || rule.On.Contains(alert.Topic)));

    /// <summary>What was told last, or null.</summary>
    public AlertTold? ToldOf(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return alert.Told.FirstOrDefault(told => told.Destination == Name);
    }
}
