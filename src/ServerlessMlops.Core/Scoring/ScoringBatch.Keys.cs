namespace ServerlessMlops.Core.Scoring;

// What names a row: its key, and the id that the caller gave it.
public sealed partial class ScoringBatch
{
    private const int KeptText = 1 << 20;

    /// <summary>Longest key, in bytes of UTF-8.</summary>
    internal const int LongestKey = 256;

    private byte[] _text = [];
    private int _textLength;
    private Slice[] _keys = [];
    private Slice[] _inferenceIds = [];

    /// <summary>Whether the rows carry the key.</summary>
    public bool HasKeys { get; private set; }

    /// <summary>Whether the rows carry the caller's own ids.</summary>
    public bool HasInferenceIds { get; private set; }

    /// <summary>The key of a row in UTF-8; empty where it has none.</summary>
    public ReadOnlySpan<byte> Key(int row) => HasKeys ? Of(_keys, row) : default;

    /// <summary>The caller's id of a row in UTF-8; empty where it has none.</summary>
    public ReadOnlySpan<byte> InferenceId(int row) => HasInferenceIds ? Of(_inferenceIds, row) : default;

    internal void AcceptKey(int row, ReadOnlySpan<byte> key)
    {
        if (key.Length > LongestKey)
        {
            CountInvalidKey(row);
            return;
        }

        SetText(ref _keys, row, key, first: !HasKeys);
        HasKeys = true;
    }

    internal void AcceptInferenceId(int row, ReadOnlySpan<byte> id)
    {
        if (!Scoring.InferenceId.IsValid(id))
        {
            CountInvalidId(row);
            return;
        }

        SetText(ref _inferenceIds, row, id, first: !HasInferenceIds);
        HasInferenceIds = true;
    }

    private void ForgetKeys()
    {
        // One huge request must not hold its memory for ever.
        if (_text.Length > KeptText)
        {
            _text = [];
        }

        _textLength = 0;
        HasKeys = false;
        HasInferenceIds = false;
    }

    private ReadOnlySpan<byte> Of(Slice[] slices, int row) =>
        row < slices.Length ? _text.AsSpan(slices[row].Start, slices[row].Length) : default;

    private void SetText(ref Slice[] slices, int row, ReadOnlySpan<byte> value, bool first)
    {
        if (first)
        {
            Array.Clear(slices);
        }

        if (row >= slices.Length)
        {
            Array.Resize(ref slices, Math.Max(row + 1, Math.Min(slices.Length * 2, MaxRows)));
        }

        slices[row] = Append(value);
    }

    private Slice Append(ReadOnlySpan<byte> bytes)
    {
        if (_textLength + bytes.Length > _text.Length)
        {
            Array.Resize(ref _text, Math.Max(_textLength + bytes.Length, Math.Max(256, _text.Length * 2)));
        }

        bytes.CopyTo(_text.AsSpan(_textLength));
        var slice = new Slice(_textLength, bytes.Length);
        _textLength += bytes.Length;
        return slice;
    }

    private readonly record struct Slice(int Start, int Length);
}
