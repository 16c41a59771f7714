namespace ServerlessMlops.Learners.Onnx;

/// <summary>Category names to codes by their UTF-8 bytes, so that a name out of a request is found without making a string of it.</summary>
internal sealed class CategoryDictionary
{
    private readonly byte[][] _names;
    private readonly int[] _slots;

    public CategoryDictionary(IReadOnlyList<string> categories)
    {
        _names = [.. categories.Select(System.Text.Encoding.UTF8.GetBytes)];
        _slots = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, _names.Length * 2))];
        Array.Fill(_slots, -1);
        for (int code = 0; code < _names.Length; code++)
        {
            int at = Home(_names[code]);
            while (_slots[at] >= 0)
            {
                at = (at + 1) & (_slots.Length - 1);
            }

            _slots[at] = code;
        }
    }

    /// <summary>The code, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        for (int at = Home(name); _slots[at] >= 0; at = (at + 1) & (_slots.Length - 1))
        {
            if (_names[_slots[at]].AsSpan().SequenceEqual(name))
            {
                return _slots[at];
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

        return (int)(Hash.Of(hash) & (uint)(_slots.Length - 1));
    }
}
