using System.Text;

namespace ServerlessMlops.Core.Rollout;

/// <summary>
/// Which requests a challenger answers: those whose routing key lies below its share on a line from 0 to 1. A key's place follows from the key
/// and the rollout's salt alone, so every instance decides alike, a key stays on its side, and the first 5% stay inside the 25%. Immutable;
/// deciding allocates nothing.
/// </summary>
public sealed class TrafficSplit
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;
    private readonly ulong _seed;

    /// <summary>A split.</summary>
    /// <param name="salt">The rollout's salt: another rollout puts other keys first.</param>
    /// <param name="share">The challenger's share, 0 to 1.</param>
    public TrafficSplit(string salt, double share)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(share, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        _seed = Fnv(FnvOffset, Encoding.UTF8.GetBytes(salt));
        Share = share;
    }

    /// <summary>The challenger's share, 0 to 1.</summary>
    public double Share { get; }

    /// <summary>Whether the challenger answers requests with this routing key.</summary>
    public bool TakesChallenger(ReadOnlySpan<byte> key) => PlaceOf(key) < Share;

    /// <summary>The key's place: 0 up to, not including, 1; keys are spread evenly.</summary>
    /// <remarks>FNV-1a over salt and key, then the finalizer of MurmurHash3, because FNV alone leaves the high bits of short keys poorly mixed.</remarks>
    public double PlaceOf(ReadOnlySpan<byte> key)
    {
        ulong hash = Fnv(_seed, key);
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccd;
        hash ^= hash >> 33;
        hash *= 0xc4ceb9fe1a85ec53;
        hash ^= hash >> 33;
        return (hash >> 11) * (1.0 / (1UL << 53));
    }

    private static ulong Fnv(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * FnvPrime;
        }

        return hash;
    }
}
