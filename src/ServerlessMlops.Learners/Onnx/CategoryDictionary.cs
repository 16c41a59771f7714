namespace ServerlessMlops.Learners.Onnx;

/// <summary>Category names to codes by their UTF-8 bytes, so that a name out of a request is found without making a string of it.</summary>
internal sealed class CategoryDictionary
{
    private readonly byte[][] names;
    private readonly int[] slots;

    public CategoryDictionary(IReadOnlyList<string> categories)
    {
        names = [.. categories.Select(System.Text.Encoding.UTF8.GetBytes)];
        slots = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, names.Length * 2))];
        Array.Fill(slots, -1);
        for (int code = 0; code < names.Length; code++)
        {
            int at = Home(names[code]);
            while (slots[at] >= 0)
            {
                at = (at + 1) & (slots.Length - 1);
            }

            slots[at] = code;
        }
    }

    /// <summary>The code, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        for (int at = Home(name); slots[at] >= 0; at = (at + 1) & (slots.Length - 1))
        {
            if (names[slots[at]].AsSpan().SequenceEqual(name))
            {
                return slots[at];
            }
        }

        return -1;
    }

    /// <summary>FNV-1a, then mixed, since the table takes the low bits.</summary>
    private int Home(ReadOnlySpan<byte> name)
    {
        uint hash = 2166136261;
        foreach (byte b in name)
        {
            hash = (hash ^ b) * 16777619;
        }

        return (int)(Hash.Of(hash) & (uint)(slots.Length - 1));
    }
}
