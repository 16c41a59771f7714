namespace ServerlessMlops.Learners;

/// <summary>Chance that depends on nothing but a seed and a counter, so that any thread may draw any number and the same seed draws the same.</summary>
internal static class Hash
{
    /// <summary>Mixes 32 bits (the finaliser of MurmurHash3).</summary>
    public static uint Of(uint x)
    {
        x ^= x >> 16;
        x *= 0x85ebca6b;
        x ^= x >> 13;
        x *= 0xc2b2ae35;
        return x ^ (x >> 16);
    }

    /// <summary>A number in [0, 1) for a seed and two counters (splitmix64).</summary>
    public static double Unit(int seed, int stream, long counter)
    {
        ulong z = ((ulong)(uint)seed << 32) ^ (uint)stream;
        z = Mix(z + 0x9e3779b97f4a7c15UL) + ((ulong)counter * 0x9e3779b97f4a7c15UL);
        return (Mix(z) >> 11) * (1.0 / (1UL << 53));
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
        return z ^ (z >> 31);
    }
}
