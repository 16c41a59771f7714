using System.Text.Json;

namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// The rows of one request as feature vectors, with what is wrong with them: what every protocol's reader fills and everything after it reads.
/// Reused from request to request, so that a request allocates nothing here once the arrays have grown. Not thread-safe.
/// </summary>
public sealed partial class ScoringBatch
{
    private const int KeptFeatures = 1 << 20;
    private const int KeptText = 1 << 20;

    /// <summary>Longest key, in bytes of UTF-8.</summary>
    internal const int LongestKey = 256;

    private float[] _features = [];
    private int[] _codes = [];
    private float[] _outputs = [];
    private byte[] _text = [];
    private int _textLength;
    private Slice[] _keys = [];
    private Slice[] _inferenceIds = [];
    private byte[] _scratch = new byte[256];

    /// <summary>The signature that the rows are read by.</summary>
    public ScoringSignature Signature { get; private set; } = null!;

    /// <summary>The version of the model.</summary>
    public int Version { get; private set; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; private set; }

    /// <summary>Outputs per row of <see cref="Outputs"/>.</summary>
    public int OutputWidth { get; private set; }

    /// <summary>Rows times inputs, row by row.</summary>
    public ReadOnlySpan<float> Features => _features.AsSpan(0, Rows * Signature.Width);

    /// <summary>
    /// Rows times the inputs that are categories, row by row: positions in the signature's categories,
    /// <see cref="ScoringSignature.MissingCategory"/> or <see cref="ScoringSignature.UnknownCategory"/>.
    /// </summary>
    public ReadOnlySpan<int> CategoryCodes => _codes.AsSpan(0, Rows * Signature.CategoryCount);

    /// <summary>Rows times <see cref="OutputWidth"/>, row by row; filled by <see cref="Predict"/>.</summary>
    public ReadOnlySpan<float> Outputs => _outputs.AsSpan(0, Rows * OutputWidth);

    /// <summary>The largest number of rows that the limits allow.</summary>
    internal int MaxRows { get; private set; }

    /// <summary>Empties the batch for a request to a model of that signature.</summary>
    /// <param name="signature">The model's signature.</param>
    /// <param name="version">The model's version.</param>
    /// <param name="limits">What a request may ask for.</param>
    public void Reset(ScoringSignature signature, int version, ScoringLimits limits)
    {
        // One huge request must not hold its memory for ever.
        if (_features.Length > KeptFeatures)
        {
            _features = [];
            _codes = [];
            _outputs = [];
        }

        if (_text.Length > KeptText)
        {
            _text = [];
        }

        Signature = signature;
        Version = version;
        MaxRows = limits.MaxRows;
        Rows = 0;
        _textLength = 0;
        HasKeys = false;
        HasInferenceIds = false;
        _propertyCount = 0;
        MayScan = true;
        WasScanned = false;
        WantsExplanation = false;
        Explanations = null;
        ResetFindings(signature.Width);
    }

    /// <summary>Whether the rows carry the key.</summary>
    public bool HasKeys { get; private set; }

    /// <summary>Whether the rows carry the caller's own ids.</summary>
    public bool HasInferenceIds { get; private set; }

    /// <summary>The key of a row in UTF-8; empty where it has none.</summary>
    public ReadOnlySpan<byte> Key(int row) => HasKeys ? Of(_keys, row) : default;

    /// <summary>The caller's id of a row in UTF-8; empty where it has none.</summary>
    public ReadOnlySpan<byte> InferenceId(int row) => HasInferenceIds ? Of(_inferenceIds, row) : default;

    /// <summary>Scores all rows.</summary>
    public void Predict(IRowPredictor predictor)
    {
        OutputWidth = predictor.OutputCount;
        int needed = Rows * OutputWidth;
        if (_outputs.Length < needed)
        {
            _outputs = new float[Math.Max(needed, 16)];
        }

        predictor.Predict(Features, _outputs.AsSpan(0, needed));
    }

    /// <summary>Whether the quick reading of matrices may be tried.</summary>
    internal bool MayScan { get; set; }

    /// <summary>Whether a matrix was read the quick way, so that positions in the text after it are not known.</summary>
    internal bool WasScanned { get; set; }

    /// <summary>Forgets all rows and what was found in them; what was found in the columns stays.</summary>
    internal void ForgetRows()
    {
        Rows = 0;
        _textLength = 0;
        HasKeys = false;
        HasInferenceIds = false;
        ForgetRowFindings();
    }

    /// <summary>Begins a row: all its features are missing until they are set.</summary>
    /// <returns>The row's number.</returns>
    internal int AddRow()
    {
        if (Rows == MaxRows)
        {
            throw new ScoringProblemException(ScoringProblem.TooLarge(
                $"The request has more than {MaxRows} rows, the most that one request may carry. Send it in several requests, or drop the file into the scoring container."));
        }

        int width = Signature.Width;
        if ((Rows + 1) * width > _features.Length)
        {
            Array.Resize(ref _features, Math.Max((Rows + 1) * width, Math.Min(_features.Length * 2, MaxRows * width)));
        }

        int categories = Signature.CategoryCount;
        if ((Rows + 1) * categories > _codes.Length)
        {
            Array.Resize(ref _codes, Math.Max((Rows + 1) * categories, Math.Min(_codes.Length * 2, MaxRows * categories)));
        }

        return Rows++;
    }

    internal void SetFeature(int row, int input, float value) => _features[(row * Signature.Width) + input] = value;

    /// <summary>Takes a missing value that the request holds.</summary>
    internal void AcceptNull(int row, int input)
    {
        if (Signature.WatchesNulls)
        {
            CountNull(input, row);
        }

        SetMissing(row, input);
    }

    /// <summary>Makes a feature missing, whatever the reason.</summary>
    internal void SetMissing(int row, int input)
    {
        SetFeature(row, input, Signature.Missing(input));
        int slot = Signature.CategorySlot(input);
        if (slot >= 0)
        {
            _codes[(row * Signature.CategoryCount) + slot] = ScoringSignature.MissingCategory;
        }
    }

    /// <summary>Takes the value that the reader stands on for column <paramref name="role"/> of a row, whatever its type.</summary>
    internal void Accept(ref Utf8JsonReader reader, int row, int role)
    {
        if (role < 0)
        {
            AcceptBesides(ref reader, row, role);
            return;
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.Number when !Signature.IsCategory(role):
                AcceptNumber(row, role, reader.ValueSpan);
                break;
            case JsonTokenType.String when Signature.IsCategory(role):
                AcceptCategory(row, role, StringOf(ref reader));
                break;
            case JsonTokenType.Number:
                AcceptCategory(row, role, reader.ValueSpan);
                break;
            case JsonTokenType.Null:
                AcceptNull(row, role);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                bool yes = reader.TokenType == JsonTokenType.True;
                if (Signature.IsCategory(role))
                {
                    AcceptCategory(row, role, yes ? "true"u8 : "false"u8);
                }
                else
                {
                    SetFeature(row, role, yes ? 1 : 0);
                }

                break;
            default:
                CountUnfit(FindingCode.WrongType, role, row);
                reader.Skip();
                break;
        }
    }

    internal void AcceptNumber(int row, int input, ReadOnlySpan<byte> token)
    {
        if (!SinglePrecision.TryParse(token, out float value))
        {
            CountUnfit(FindingCode.WrongType, input, row);
        }
        else if (!float.IsFinite(value))
        {
            CountUnfit(FindingCode.OutOfRange, input, row);
        }
        else
        {
            SetFeature(row, input, value);
        }
    }

    internal void AcceptCategory(int row, int input, ReadOnlySpan<byte> category)
    {
        // As in training, where an empty field is a missing value.
        if (category.IsEmpty)
        {
            AcceptNull(row, input);
            return;
        }

        int code = Signature.FindCategory(input, category, out float value);
        if (code == ScoringSignature.UnknownCategory && !AcceptUnknown(input, row, category))
        {
            return;
        }

        SetFeature(row, input, value);
        _codes[(row * Signature.CategoryCount) + Signature.CategorySlot(input)] = code;
    }

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

    /// <summary>The unescaped bytes of a string token; valid until the next call.</summary>
    internal ReadOnlySpan<byte> StringOf(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan;
        }

        if (_scratch.Length < reader.ValueSpan.Length)
        {
            _scratch = new byte[reader.ValueSpan.Length];
        }

        try
        {
            return _scratch.AsSpan(0, reader.CopyString(_scratch));
        }
        catch (InvalidOperationException)
        {
            throw new ScoringProblemException(ScoringProblem.Malformed(
                $"The string before byte {reader.BytesConsumed} escapes half a surrogate pair (\\ud800 to \\udfff alone), which stands for no character. Send the text in UTF-8."));
        }
    }

    /// <summary>The content of a quoted CSV field, its doubled quotes made single; valid until the next call.</summary>
    internal ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> quoted)
    {
        if (_scratch.Length < quoted.Length)
        {
            _scratch = new byte[quoted.Length];
        }

        int length = 0;
        for (int i = 0; i < quoted.Length; i++)
        {
            _scratch[length++] = quoted[i];
            if (quoted[i] == '"')
            {
                i++;
            }
        }

        return _scratch.AsSpan(0, length);
    }

    private void AcceptBesides(ref Utf8JsonReader reader, int row, int role)
    {
        bool isText = reader.TokenType is JsonTokenType.String or JsonTokenType.Number;
        if (isText && role == ColumnRole.Key)
        {
            AcceptKey(row, reader.TokenType == JsonTokenType.String ? StringOf(ref reader) : reader.ValueSpan);
        }
        else if (isText && role == ColumnRole.InferenceId)
        {
            AcceptInferenceId(row, reader.TokenType == JsonTokenType.String ? StringOf(ref reader) : reader.ValueSpan);
        }
        else
        {
            if (role == ColumnRole.InferenceId && reader.TokenType != JsonTokenType.Null)
            {
                CountInvalidId(row);
            }

            reader.Skip();
        }
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
