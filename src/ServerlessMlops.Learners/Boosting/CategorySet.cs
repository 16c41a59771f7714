using System.Runtime.Intrinsics;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>A set of category codes 0 to 255, as 256 bits. Immutable.</summary>
public sealed class CategorySet : IEquatable<CategorySet>
{
    /// <summary>Codes that a set can tell apart: 0 ... 255.</summary>
    public const int MaxCodes = 256;

    private readonly Vector256<uint> _bits;

    /// <param name="codes">The members, each 0 to 255.</param>
    /// <exception cref="ArgumentOutOfRangeException">A code is outside of 0 to 255.</exception>
    public CategorySet(IEnumerable<int> codes)
    {
        ArgumentNullException.ThrowIfNull(codes);
        Span<uint> words = stackalloc uint[MaxCodes / 32];
        words.Clear();
        foreach (int code in codes)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(code, nameof(codes));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(code, MaxCodes, nameof(codes));
            words[code >> 5] |= 1u << (code & 31);
        }

        _bits = Vector256.Create(words);
    }

    /// <param name="bits">As <see cref="Bits"/>.</param>
    internal CategorySet(Vector256<uint> bits) => _bits = bits;

    /// <summary>The members, ascending.</summary>
    public IEnumerable<int> Codes => Enumerable.Range(0, MaxCodes).Where(Contains);

    /// <summary>Word i holds codes 32 i ... 32 i + 31, the lowest bit the first.</summary>
    internal Vector256<uint> Bits => _bits;

    /// <summary>Whether a code is a member; what is no code from 0 to 255 is none.</summary>
    public bool Contains(int code) => (uint)code < MaxCodes && Contains(_bits, code);

    /// <summary>Whether a code from 0 to 255 is a member of the set of these <see cref="Bits"/>.</summary>
    internal static bool Contains(Vector256<uint> bits, int code) => ((bits[code >> 5] >> (code & 31)) & 1) != 0;

    /// <summary>Whether a code, kept as a float, is a member; fractions are cut off, and NaN is none.</summary>
    public bool Contains(float code) => code is > -1 and < MaxCodes && Contains((int)code);

    /// <inheritdoc/>
    public bool Equals(CategorySet? other) => other is not null && _bits == other._bits;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CategorySet);

    /// <inheritdoc/>
    public override int GetHashCode() => _bits.GetHashCode();
}
