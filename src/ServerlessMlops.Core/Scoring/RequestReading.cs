using System.Text.Json;
using System.Text.Unicode;

namespace ServerlessMlops.Core.Scoring;

/// <summary>What the readers of all protocols share: the guard that turns whatever a body holds into an answer, and the words for it.</summary>
internal static class RequestReading
{
    /// <summary>Reads a body into a batch.</summary>
    public delegate void Reading(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits);

    /// <summary>
    /// Runs a reading, and gives its problem: the body is not UTF-8, not JSON, not of the protocol, too large, or its data does not fit.
    /// </summary>
    public static ScoringProblem? Guard(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits, Reading read)
    {
        if (body.Length > limits.MaxBodyBytes)
        {
            return BodyTooLarge(limits);
        }

        if (!Utf8.IsValid(body))
        {
            return ScoringProblem.Malformed("The body is not UTF-8. Send it in UTF-8, uncompressed.");
        }

        try
        {
            ReadOnlySpan<byte> mark = "\uFEFF"u8;
            ReadOnlySpan<byte> text = body.StartsWith(mark) ? body[mark.Length..] : body;
            try
            {
                read(text, batch, limits);
            }
            catch (JsonException) when (batch.WasScanned)
            {
                // Once more, token by token, to say where the mistake is.
                batch.Reset(batch.Signature, batch.Version, limits);
                batch.MayScan = false;
                read(text, batch, limits);
            }
        }
        catch (ScoringProblemException refused)
        {
            return refused.Problem;
        }
        catch (JsonException malformed)
        {
            return ScoringProblem.Malformed(
                $"The body is not JSON at line {(malformed.LineNumber ?? 0) + 1}, byte {(malformed.BytePositionInLine ?? 0) + 1}: {Text.Excerpt(malformed.Message)} " +
                "Note that NaN and Infinity are not JSON; a missing value is null.");
        }

        batch.FillAbsent();
        return batch.HasErrors ? ScoringProblem.SignatureMismatch(batch.Signature.Card.Pipeline, batch.Version, batch.Findings()) : null;
    }

    /// <summary>Reads the parameter <c>explain</c> where the reader stands on its name; false on another name.</summary>
    public static bool TryReadExplain(ref Utf8JsonReader reader, ScoringBatch batch)
    {
        if (!reader.ValueTextEquals("explain"u8))
        {
            return false;
        }

        reader.Read();
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False))
        {
            throw Malformed($"Parameter \"explain\" is {Describe(reader.TokenType)}; expected true or false.");
        }

        batch.WantsExplanation |= reader.TokenType == JsonTokenType.True;
        return true;
    }

    /// <summary>The body is larger than the limits allow.</summary>
    public static ScoringProblem BodyTooLarge(ScoringLimits limits) => ScoringProblem.TooLarge(
        $"The body has more than {limits.MaxBodyBytes} bytes, the most that is read. Send the rows in several requests, or drop the file into the scoring container.");

    /// <summary>A body that is not of the protocol.</summary>
    public static ScoringProblemException Malformed(string detail) => new(ScoringProblem.Malformed(detail));

    /// <summary>A token in words, with its article.</summary>
    public static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        JsonTokenType.Null => "null",
        _ => "empty",
    };
}
