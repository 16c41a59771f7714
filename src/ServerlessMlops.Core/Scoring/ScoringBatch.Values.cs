using System.Text.Json;

namespace ServerlessMlops.Core.Scoring;

// The values of a row, as readers hand them over.
public sealed partial class ScoringBatch
{
    private byte[] _scratch = new byte[256];

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
}
