using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Scoring.Predictions;

/// <summary>
/// Makes the lines of a file of the prediction log:
/// <code>{"inferenceId":"...","at":"2026-01-02T03:04:05.678Z","version":3,"key":"...","features":{"speed":1.5,"carrier":"AA"},"outputs":[0.83],"decision":"yes","latencyMicroseconds":41}</code>
/// A shadow's line has <c>"shadow":true</c> after its version. A missing value is null; a category that training did not see is its text (cut after 128 bytes, the first hundred of a request; else null).
/// By the pipeline's rules an input may be left out, or stand as <c>{"hash":"..."}</c> (<see cref="ValueHasher"/>); <c>"needsReview":true</c> where an answer was marked so.
/// </summary>
internal sealed class PredictionSegmentRenderer(PredictionSegment segment, ValueHasher? hasher)
{
    private readonly ServingModel _model = segment.Model;
    private readonly JsonEncodedText[][] _categories =
        [.. segment.Model.Card.Inputs.Select(i => i.Categories.Select(c => JsonEncodedText.Encode(c, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)).ToArray())];
    private readonly byte[] _version = Encoding.UTF8.GetBytes($"\",\"version\":{segment.Model.Version}{(segment.IsShadow ? ",\"shadow\":true" : "")}");
    private readonly byte[] _id = new byte[RowIds.LongestId + InferenceId.ShadowSuffix.Length];
    private readonly byte[] _at = new byte[32];
    private int _nextRequest;
    private readonly LogForm[] _forms = [.. segment.Model.Card.Inputs.Select(i => FormOf(segment.Model.Rules.Of(i.Name).Log, hasher))];
    private int _nextText;

    /// <summary>Renders the next requests, at least as many as have so many rows; false where there are no more.</summary>
    public bool RenderNext(int atLeastRows, ArrayBufferWriter<byte> lines, List<(ReadOnlyMemory<byte> Id, PredictionLine Line)> entries)
    {
        for (int rendered = 0; rendered < atLeastRows && _nextRequest < segment.Requests.Count; _nextRequest++)
        {
            PredictionSegment.AnsweredRequest request = segment.Requests[_nextRequest];
            Render(request, lines, entries);
            rendered += request.Rows;
        }

        return _nextRequest < segment.Requests.Count;
    }

    private void Render(PredictionSegment.AnsweredRequest request, ArrayBufferWriter<byte> lines, List<(ReadOnlyMemory<byte> Id, PredictionLine Line)> entries)
    {
        request.At.UtcDateTime.TryFormat(_at, out int atLength, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        for (int row = 0; row < request.Rows; row++)
        {
            int start = lines.WrittenCount;
            ReadOnlySpan<PredictionSegment.RowText> texts = TextsOf(request.FirstRow + row);
            int idLength = WriteId(request, row, texts, _id);
            var json = new JsonText(lines);
            json.Append("{\"inferenceId\":\""u8);
            json.Append(_id.AsSpan(0, idLength));
            json.Append("\",\"at\":\""u8);
            json.Append(_at.AsSpan(0, atLength));
            json.Append(_version);
            WriteRow(ref json, request, row, texts);
            json.Append(",\"latencyMicroseconds\":"u8);
            json.Append(request.LatencyMicroseconds);
            json.Append("}\n"u8);
            json.Flush();
            entries.Add((_id.AsMemory(0, idLength).ToArray(), new PredictionLine(start, lines.WrittenCount - start - 1)));
        }
    }

    private void WriteRow(ref JsonText json, PredictionSegment.AnsweredRequest request, int row, ReadOnlySpan<PredictionSegment.RowText> texts)
    {
        if (Find(texts, PredictionSegment.RowText.Key, out ReadOnlySpan<byte> key))
        {
            json.Append(",\"key\":\""u8);
            json.Append(Encode(key));
            json.Append("\""u8);
        }

        json.Append(",\"features\":{"u8);
        ReadOnlySpan<float> features = segment.FeaturesOf(request, row);
        ReadOnlySpan<int> codes = segment.CodesOf(request.FirstRow + row);
        bool isFirst = true;
        for (int input = 0; input < features.Length; input++)
        {
            if (_forms[input] == LogForm.Omit)
            {
                continue;
            }

            json.Append(isFirst ? "\""u8 : ",\""u8);
            isFirst = false;
            json.Append(_model.InputNames[input].EncodedUtf8Bytes);
            json.Append("\":"u8);
            if (_forms[input] == LogForm.Hash)
            {
                AppendHash(ref json, input, features[input], codes, texts);
                continue;
            }

            int slot = _model.Signature.CategorySlot(input);
            if (slot < 0)
            {
                json.Append(features[input]);
                continue;
            }

            if (codes[slot] >= 0)
            {
                AppendString(ref json, _categories[input][codes[slot]].EncodedUtf8Bytes);
            }
            else if (codes[slot] == ScoringSignature.UnknownCategory && Find(texts, input, out ReadOnlySpan<byte> unseen))
            {
                AppendString(ref json, Encode(unseen));
            }
            else
            {
                json.Append("null"u8);
            }
        }

        json.Append("},\"outputs\":["u8);
        ReadOnlySpan<float> outputs = segment.OutputsOf(request, row);
        for (int i = 0; i < outputs.Length; i++)
        {
            if (i > 0)
            {
                json.Append(","u8);
            }

            json.Append(outputs[i]);
        }

        json.Append("]"u8);
        int decision = _model.Outputs.Decide(outputs);
        if (decision >= 0)
        {
            json.Append(",\"decision\":\""u8);
            json.Append(_model.Outputs.Classes[decision].EncodedUtf8Bytes);
            json.Append("\""u8);
        }

        if (_model.Rules.Reviews && _model.Rules.NeedsReview(outputs, _model.Outputs, codes))
        {
            json.Append(",\"needsReview\":true"u8);
        }
    }

    // A missing value stays null: that something is not there tells nothing of what would be.
    private void AppendHash(ref JsonText json, int input, float feature, ReadOnlySpan<int> codes, ReadOnlySpan<PredictionSegment.RowText> texts)
    {
        int slot = _model.Signature.CategorySlot(input);
        ReadOnlySpan<byte> value = default;
        if (slot < 0)
        {
            value = float.IsFinite(feature) ? Encoding.UTF8.GetBytes(feature.ToString(CultureInfo.InvariantCulture)) : default;
        }
        else if (codes[slot] >= 0)
        {
            value = Encoding.UTF8.GetBytes(_model.Card.Inputs[input].Categories[codes[slot]]);
        }
        else if (codes[slot] == ScoringSignature.UnknownCategory)
        {
            Find(texts, input, out value);
        }

        if (value.IsEmpty)
        {
            json.Append("null"u8);
            return;
        }

        json.Append("{\"hash\":\""u8);
        json.Append(Encoding.UTF8.GetBytes(hasher!.Hash(_model.Card.Pipeline, _model.Card.Inputs[input].Name, value)));
        json.Append("\"}"u8);
    }

    // Without a key a hash could be tried out value by value, so nothing is kept.
    private static LogForm FormOf(LogForm asked, ValueHasher? hasher) => asked == LogForm.Hash && hasher is null ? LogForm.Omit : asked;

    private int WriteId(PredictionSegment.AnsweredRequest request, int row, ReadOnlySpan<PredictionSegment.RowText> texts, Span<byte> id)
    {
        int length;
        if (Find(texts, PredictionSegment.RowText.Id, out ReadOnlySpan<byte> own))
        {
            own.CopyTo(id);
            length = own.Length;
        }
        else
        {
            bool given = request.GivenPrefix.Length > 0;
            length = RowIds.Compose(
                segment.TextOf(request.Id), request.Rows, given ? segment.TextOf(request.GivenPrefix) : segment.IdPrefix, given ? request.GivenRow : request.FirstRow, row, id);
        }

        return segment.IsShadow ? length + Encoding.UTF8.GetBytes(InferenceId.ShadowSuffix, id[length..]) : length;
    }

    // The texts are in the order of the rows, and so is the rendering.
    private ReadOnlySpan<PredictionSegment.RowText> TextsOf(int row)
    {
        int first = _nextText;
        while (_nextText < segment.Texts.Count && segment.Texts[_nextText].Row == row)
        {
            _nextText++;
        }

        return segment.TextSpan(first, _nextText - first);
    }

    private bool Find(ReadOnlySpan<PredictionSegment.RowText> texts, int what, out ReadOnlySpan<byte> found)
    {
        foreach (PredictionSegment.RowText text in texts)
        {
            if (text.What == what)
            {
                found = segment.TextOf(text.Slice);
                return true;
            }
        }

        found = default;
        return false;
    }

    private static void AppendString(ref JsonText json, ReadOnlySpan<byte> encoded)
    {
        json.Append("\""u8);
        json.Append(encoded);
        json.Append("\""u8);
    }

    private static ReadOnlySpan<byte> Encode(ReadOnlySpan<byte> utf8) =>
        JsonEncodedText.Encode(utf8, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes;
}
