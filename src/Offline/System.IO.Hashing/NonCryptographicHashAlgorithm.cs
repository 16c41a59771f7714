namespace System.IO.Hashing;

/// <summary>
/// The one type that Azure.Storage.Common 12.16 needs from System.IO.Hashing in order to load: the base class of its CRC-64, which
/// runs only when a caller asks for transactional checksums. This product never asks.
/// </summary>
public abstract class NonCryptographicHashAlgorithm
{
    protected NonCryptographicHashAlgorithm(int hashLengthInBytes) => HashLengthInBytes = hashLengthInBytes;

    public int HashLengthInBytes { get; }

    public abstract void Append(ReadOnlySpan<byte> source);

    public abstract void Reset();

    protected abstract void GetCurrentHashCore(Span<byte> destination);
}
