using System.Numerics;
using System.Runtime.CompilerServices;

namespace ServerlessMlops.Data.Profiling;

/// <summary>
/// Estimates how many different values there were (Flajolet et al. 2007, with linear counting for small numbers). 4,096 registers: standard
/// error 1.6%, below about 10,000 less. Merging is exact: the sketch of a union is the maximum of the sketches.
/// </summary>
public sealed class HyperLogLog
{
    private const int Bits = 12;
    private const int RegisterCount = 1 << Bits;

    /// <summary>Standard error relative to the true number.</summary>
    public const double StandardError = 1.04 / 64;

    private readonly byte[] _registers = new byte[RegisterCount];

    /// <summary>Adds a value by its 64-bit hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong hash)
    {
        int index = (int)(hash >> (64 - Bits));
        byte rank = (byte)(BitOperations.LeadingZeroCount((hash << Bits) | (1UL << (Bits - 1))) + 1);
        ref byte register = ref _registers[index];
        if (rank > register)
        {
            register = rank;
        }
    }

    /// <summary>Adds what another sketch has seen.</summary>
    public void Merge(HyperLogLog other)
    {
        for (int i = 0; i <= RegisterCount - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Max(new Vector<byte>(_registers, i), new Vector<byte>(other._registers, i)).CopyTo(_registers, i);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Array.Clear(_registers);

    /// <summary>The estimate.</summary>
    public double Estimate()
    {
        double sum = 0;
        int zeros = 0;
        foreach (byte register in _registers)
        {
            sum += 1.0 / (1UL << register);
            zeros += register == 0 ? 1 : 0;
        }

        double raw = 0.7213 / (1 + 1.079 / RegisterCount) * RegisterCount * RegisterCount / sum;
        return raw <= 2.5 * RegisterCount && zeros > 0 ? RegisterCount * Math.Log(RegisterCount / (double)zeros) : raw;
    }

    /// <summary>The registers, for storing.</summary>
    public ReadOnlySpan<byte> Registers => _registers;

    /// <summary>A sketch from stored registers.</summary>
    public static HyperLogLog FromRegisters(ReadOnlySpan<byte> registers)
    {
        if (registers.Length != RegisterCount)
        {
            throw new InvalidDataException($"A stored distinct count has {registers.Length} registers; expected {RegisterCount}.");
        }

        var sketch = new HyperLogLog();
        registers.CopyTo(sketch._registers);
        return sketch;
    }
}
