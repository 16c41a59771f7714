using ServerlessMlops.Data.Parsing;

namespace ServerlessMlops.Core.Scoring.Mlflow;

/// <summary>
/// Reads a <c>text/csv</c> body into a batch: a header line with the column names, then one line per row (RFC 4180; LF or CRLF). The words
/// for a missing value and for true and false are those of uploads (<see cref="Words"/>), so that a file means the same to training and to scoring.
/// </summary>
public static class CsvReader
{
    /// <summary>Reads a body.</summary>
    /// <param name="body">The body in UTF-8, with or without a byte order mark.</param>
    /// <param name="batch">Where to; reset for the model.</param>
    /// <param name="limits">What a request may ask for.</param>
    /// <returns>Null where the batch can be scored, else why not.</returns>
    public static ScoringProblem? Read(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits) =>
        RequestReading.Guard(body, batch, limits, static (text, rows, _) => ReadBody(text, rows, (byte)','));

    /// <summary>Reads text whose fields stand between other delimiters, as spreadsheets of some countries write them.</summary>
    /// <param name="body">As in <see cref="Read(ReadOnlySpan{byte}, ScoringBatch, ScoringLimits)"/>.</param>
    /// <param name="batch">Where to; reset for the model.</param>
    /// <param name="limits">What a request may ask for.</param>
    /// <param name="delimiter">What stands between fields.</param>
    public static ScoringProblem? Read(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits, byte delimiter) =>
        RequestReading.Guard(body, batch, limits, (text, rows, _) => ReadBody(text, rows, delimiter));

    private static void ReadBody(ReadOnlySpan<byte> body, ScoringBatch batch, byte delimiter)
    {
        if (body.Trim(" \t\r\n"u8).IsEmpty)
        {
            throw RequestReading.Malformed("The body is empty; expected a header line with the column names and one line per row.");
        }

        var fields = new FieldReader(body, delimiter);
        batch.BeginColumns();
        while (fields.Next(batch))
        {
            batch.AddColumn(fields.Value);
            if (fields.EndsLine)
            {
                break;
            }
        }

        batch.EndColumns();
        ReadOnlySpan<int> roles = batch.Roles;
        while (fields.SkipBlankLines())
        {
            int row = batch.AddRow();
            int position = 0;
            while (fields.Next(batch))
            {
                if (position < roles.Length)
                {
                    Accept(batch, row, roles[position], fields.Value);
                }

                position++;
                if (fields.EndsLine)
                {
                    break;
                }
            }

            if (position != roles.Length)
            {
                batch.CountRowLength(row, roles.Length);
            }
        }
    }

    private static void Accept(ScoringBatch batch, int row, int role, ReadOnlySpan<byte> field)
    {
        switch (role)
        {
            case ColumnRole.Key when field.Length > 0:
                batch.AcceptKey(row, field);
                return;
            case ColumnRole.InferenceId when field.Length > 0:
                batch.AcceptInferenceId(row, field);
                return;
            case < 0:
                return;
        }

        if (batch.Signature.IsCategory(role))
        {
            if (Words.IsMissing(field))
            {
                batch.AcceptNull(row, role);
            }
            else
            {
                batch.AcceptCategory(row, role, field);
            }

            return;
        }

        ReadOnlySpan<byte> number = field.Trim((byte)' ');
        if (Words.IsMissing(number))
        {
            batch.AcceptNull(row, role);
        }
        else if (Words.ParseBoolean(number) is var truth and >= 0)
        {
            batch.SetFeature(row, role, truth);
        }
        else
        {
            batch.AcceptNumber(row, role, number);
        }
    }

    /// <summary>Goes through the text field by field.</summary>
    private ref struct FieldReader(ReadOnlySpan<byte> text, byte delimiter)
    {
        private readonly ReadOnlySpan<byte> _text = text;
        private readonly byte _delimiter = delimiter;
        private int _at;

        /// <summary>The field, without its quotes.</summary>
        public ReadOnlySpan<byte> Value { get; private set; }

        /// <summary>Whether the field is the last of its line.</summary>
        public bool EndsLine { get; private set; }

        /// <summary>Goes past empty lines; false at the end of the text.</summary>
        public bool SkipBlankLines()
        {
            while (_at < _text.Length && _text[_at] is (byte)'\r' or (byte)'\n')
            {
                _at++;
            }

            return _at < _text.Length;
        }

        public bool Next(ScoringBatch batch)
        {
            if (_at < _text.Length && _text[_at] == '"')
            {
                ReadQuoted(batch);
                return true;
            }

            ReadOnlySpan<byte> rest = _text[_at..];
            int end = rest.IndexOfAny(_delimiter, (byte)'\n');
            Value = end < 0 ? rest : rest[..end];
            EndsLine = end < 0 || rest[end] == '\n';
            _at = end < 0 ? _text.Length : _at + end + 1;
            if (EndsLine && Value.Length > 0 && Value[^1] == '\r')
            {
                Value = Value[..^1];
            }

            return true;
        }

        private void ReadQuoted(ScoringBatch batch)
        {
            int start = _at + 1;
            int quotes = 0;
            int end = start;
            while (true)
            {
                int next = _text[end..].IndexOf((byte)'"');
                if (next < 0)
                {
                    throw RequestReading.Malformed($"The quoted field that begins at byte {_at} does not end; close it with '\"', and double a quote inside it.");
                }

                end += next;
                if (end + 1 < _text.Length && _text[end + 1] == '"')
                {
                    quotes++;
                    end += 2;
                    continue;
                }

                break;
            }

            Value = quotes == 0 ? _text[start..end] : batch.Unquote(_text[start..end]);
            int after = end + 1;
            if (after < _text.Length && _text[after] == '\r')
            {
                after++;
            }

            if (after < _text.Length && _text[after] != _delimiter && _text[after] != '\n')
            {
                throw RequestReading.Malformed($"Byte {after} follows a quoted field and is neither a delimiter nor the end of the line; double a quote inside a quoted field.");
            }

            EndsLine = after >= _text.Length || _text[after] == '\n';
            _at = Math.Min(after + 1, _text.Length);
        }
    }
}
