using System.Runtime.CompilerServices;

namespace ServerlessMlops.Data.Parsing;

/// <summary>Words that stand for no value, and for true and false.</summary>
public static class Words
{
    /// <summary>Whether a field stands for no value: empty, <c>NA</c>, <c>N/A</c>, <c>#N/A</c>, <c>null</c>, <c>NaN</c>, <c>None</c>, <c>nil</c> (any case) or <c>\N</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool IsMissing(ReadOnlySpan<byte> text) => text.Length switch
    {
        0 => true,
        2 => (text[0] | 0x20) == 'n' && (text[1] | 0x20) == 'a' || text[0] == '\\' && text[1] == 'N',
        3 => Is(text, "nan"u8) || Is(text, "n/a"u8) || Is(text, "nil"u8),
        4 => Is(text, "null"u8) || Is(text, "none"u8) || Is(text, "#n/a"u8),
        _ => false,
    };

    /// <summary>1 for true, 0 for false (true/false, yes/no, t/f, y/n; any case), -1 for anything else.</summary>
    public static int ParseBoolean(ReadOnlySpan<byte> text) => text.Length switch
    {
        1 => (text[0] | 0x20) switch { 't' or 'y' => 1, 'f' or 'n' => 0, _ => -1 },
        2 => Is(text, "no"u8) ? 0 : -1,
        3 => Is(text, "yes"u8) ? 1 : -1,
        4 => Is(text, "true"u8) ? 1 : -1,
        5 => Is(text, "false"u8) ? 0 : -1,
        _ => -1,
    };

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        for (int i = 0; i < lower.Length; i++)
        {
            byte c = text[i];
            if ((c is >= (byte)'A' and <= (byte)'Z' ? (byte)(c | 0x20) : c) != lower[i])
            {
                return false;
            }
        }

        return true;
    }
}
