using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>Name-based UUIDs, version 5 (RFC 9562 section 5.5), so that a replay mints the same ones.</summary>
internal static class DeterministicGuid
{
    private static readonly Guid Namespace = new("9e952958-5e33-4daf-827f-2fa12937b875");

    /// <param name="instanceId">The orchestration instance.</param>
    /// <param name="now">The orchestration's current time, UTC.</param>
    /// <param name="counter">0, 1, 2, ... within one execution.</param>
    public static Guid Create(string instanceId, DateTime now, int counter)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{instanceId}_{now:o}_{counter}");
        Span<byte> input = new byte[16 + Encoding.UTF8.GetByteCount(name)];
        Namespace.TryWriteBytes(input, bigEndian: true, out _);
        Encoding.UTF8.GetBytes(name, input[16..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The algorithm is the version's definition; nothing is secret here.
        SHA1.HashData(input, hash);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
