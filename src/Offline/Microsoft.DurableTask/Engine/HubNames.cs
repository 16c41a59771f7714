namespace Microsoft.DurableTask.Engine;

/// <summary>Names of a hub's tables and containers.</summary>
internal static class HubNames
{
    /// <summary>Letters and digits, beginning with a letter, room left for what is appended (a table name has 3 to 63).</summary>
    public static string Table(string hubName)
    {
        var name = string.Concat(hubName.Where(char.IsAsciiLetterOrDigit));
        if (name.Length == 0 || !char.IsAsciiLetter(name[0]))
        {
            name = "t" + name;
        }

        return name.Length > 45 ? name[..45] : name;
    }

    public static string PayloadContainer(string hubName) => Table(hubName).ToLowerInvariant() + "-largemessages";

    public static string LeaseContainer(string hubName) => Table(hubName).ToLowerInvariant() + "-leases";
}
