using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ServerlessMlops.Core;

/// <summary>Ids made of content: the lower-case hexadecimal SHA-256 of bytes, so that the same input gets the same id wherever it is computed.</summary>
public static class ContentAddress
{
    /// <summary>Length of an id in characters.</summary>
    public const int Length = 64;

    /// <summary>The id of <paramref name="bytes"/>: 64 lower-case hexadecimal characters.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The id of <paramref name="text"/> in UTF-8.</summary>
    public static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    /// <summary>The id of a record: of its JSON by <see cref="MlopsJson.Canonical"/>, whose property order is that of declaration.</summary>
    public static string OfJson<T>(T value) => Of(JsonSerializer.SerializeToUtf8Bytes(value, MlopsJson.Canonical));

    /// <summary>The first 16 characters of an id: enough for file names and instance ids inside one pipeline.</summary>
    public static string Short(string id) => id.Length <= 16 ? id : id[..16];
}
