using ServerlessMlops.Core.Rollout;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// Groups that rows are thrown into by the hash of their key, so that counts tell how much of the traffic hangs together by its keys: rows of one key are
/// alike, and all of them are in one group. Which group says nothing of the key, nor of the side that a rollout puts it on.
/// </summary>
public static class KeyGroups
{
    /// <summary>How many there are.</summary>
    public const int Count = 32;

    /// <summary>Argument of <see cref="WindowCounter.CountOutput"/>: the row has no key.</summary>
    public const int None = -1;

    // A salt of its own: the groups are independent of any rollout's split.
    private static readonly TrafficSplit Places = new("key-groups", 0);

    /// <summary>The group of a key in UTF-8, 0 to <see cref="Count"/> - 1; <see cref="None"/> where there is none.</summary>
    public static int Of(ReadOnlySpan<byte> key) => key.IsEmpty ? None : (int)(Places.PlaceOf(key) * Count);
}
