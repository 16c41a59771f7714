using System.Globalization;
using System.Text;

namespace Microsoft.DurableTask.Engine;

/// <summary>Keys of the rows in an instance's partition. One letter says the kind; rows of a kind sort as they are read.</summary>
internal static class RowKeys
{
    public const string State = "state";
    public const string HistoryPrefix = "h-";
    public const string InboxPrefix = "m-";
    public const string OutboxPrefix = "o-";

    public static string History(string executionId, int episode) =>
        string.Create(CultureInfo.InvariantCulture, $"{HistoryPrefix}{executionId}-{episode:D8}");

    public static string Outbox(string executionId, int episode) =>
        string.Create(CultureInfo.InvariantCulture, $"{OutboxPrefix}{executionId}-{episode:D8}");

    /// <param name="sentAt">When it was sent.</param>
    /// <param name="unique">Distinguishes messages of one instant, and orders them.</param>
    public static string Inbox(DateTimeOffset sentAt, string unique) =>
        string.Create(CultureInfo.InvariantCulture, $"{InboxPrefix}{sentAt.UtcTicks:D19}-{unique}");

    public static DateTimeOffset InboxTime(string key) =>
        new(long.Parse(key.AsSpan(InboxPrefix.Length, 19), NumberStyles.None, CultureInfo.InvariantCulture), TimeSpan.Zero);

    /// <summary>Instance ids may hold what keys may not. Prefixes stay prefixes.</summary>
    public static string Partition(string instanceId)
    {
        var escaped = new StringBuilder(instanceId.Length);
        foreach (var character in instanceId)
        {
            if (character is '/' or '\\' or '#' or '?' or '^' or '%' || char.IsControl(character))
            {
                escaped.Append(CultureInfo.InvariantCulture, $"^{(int)character:X4}");
            }
            else
            {
                escaped.Append(character);
            }
        }

        return escaped.ToString();
    }
}
