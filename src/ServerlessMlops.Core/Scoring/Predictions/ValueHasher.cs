using System.Security.Cryptography;
using System.Text;

namespace ServerlessMlops.Core.Scoring.Predictions;

/// <summary>
/// Hashes values for the prediction log: HMAC-SHA256, its first 16 bytes, over pipeline, column and value, by a key that stands in no log. Equal values of a
/// column have equal hashes; without the key nobody can try out which value a hash is of. Thread-safe.
/// </summary>
public sealed class ValueHasher
{
    /// <summary>Least length of a key, in bytes.</summary>
    public const int LeastKeyBytes = 16;

    private const int HashBytes = 16;
    private readonly byte[] _key;

    /// <summary>A hasher by a key of at least <see cref="LeastKeyBytes"/> bytes.</summary>
    public ValueHasher(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, LeastKeyBytes);
        _key = key;
    }

    /// <summary>The hash of a value, as 32 hexadecimal characters.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="column">The column.</param>
    /// <param name="value">The value as the log would have it: the text of a category, or a number's shortest decimal form.</param>
    public string Hash(string pipeline, string column, ReadOnlySpan<byte> value)
    {
        byte[] place = Encoding.UTF8.GetBytes($"{pipeline}\0{column}\0");
        byte[] all = [.. place, .. value];
        return Convert.ToHexStringLower(HMACSHA256.HashData(_key, all).AsSpan(0, HashBytes));
    }
}
