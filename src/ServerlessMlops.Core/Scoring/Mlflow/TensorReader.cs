using System.Text.Json;

namespace ServerlessMlops.Core.Scoring.Mlflow;

/// <summary>Reads <c>instances</c> (row by row) and <c>inputs</c> (column by column, or row by row), the TensorFlow Serving forms.</summary>
internal static class TensorReader
{
    /// <summary>
    /// Reads an array of rows: objects by column name, arrays in the order of the model's inputs, or plain values where the model has one input.
    /// </summary>
    public static void ReadInstances(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ScoringBatch batch, string field)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw RequestReading.Malformed($"\"{field}\" is {RequestReading.Describe(reader.TokenType)}; expected an array of rows.");
        }

        bool isPositional = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                isPositional = false;
                DataframeReader.ReadRecord(ref reader, body, batch);
                continue;
            }

            if (!isPositional)
            {
                batch.AddAllInputs();
                isPositional = true;
            }

            if (reader.TokenType == JsonTokenType.StartArray)
            {
                DataframeReader.ReadRow(ref reader, batch);
            }
            else if (batch.Signature.Width == 1)
            {
                batch.Accept(ref reader, batch.AddRow(), 0);
            }
            else
            {
                throw RequestReading.Malformed(
                    $"Row {batch.Rows} of \"{field}\" is {RequestReading.Describe(reader.TokenType)}; the model has {batch.Signature.Width} inputs: expected an object by column name, or an array of {batch.Signature.Width} values.");
            }
        }
    }

    /// <summary>Reads an object of columns, each an array with one value per row (or a plain value, for one row), or an array of rows.</summary>
    public static void ReadInputs(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ScoringBatch batch)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            ReadInstances(ref reader, body, batch, "inputs");
            return;
        }

        bool isFirst = true;
        batch.BeginColumns();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = batch.StringOf(ref reader);
            string column = Text.Excerpt(name);
            int role = batch.RoleOfColumn(name);
            if (!batch.Give(role))
            {
                batch.AddRequestFinding(FindingCode.DuplicateColumn, column);
            }

            reader.Read();
            int rows = ReadColumn(ref reader, batch, role, isFirst, column);
            if (!isFirst && rows != batch.Rows)
            {
                throw RequestReading.Malformed($"Column '{column}' of \"inputs\" has {rows} value(s) where the columns before have {batch.Rows}; give each column one value per row.");
            }

            isFirst = false;
        }

        batch.EndColumns();
    }

    private static int ReadColumn(ref Utf8JsonReader reader, ScoringBatch batch, int role, bool isFirst, string column)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            ReadValue(ref reader, batch, role, 0, isFirst);
            return 1;
        }

        int row = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // A column of shape [n, 1] has each value in an array of its own.
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                reader.Read();
                ReadValue(ref reader, batch, role, row, isFirst);
                if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
                {
                    throw RequestReading.Malformed($"Row {row} of column '{column}' of \"inputs\" is not one value; give each column the shape [rows] or [rows, 1].");
                }
            }
            else
            {
                ReadValue(ref reader, batch, role, row, isFirst);
            }

            row++;
        }

        return row;
    }

    private static void ReadValue(ref Utf8JsonReader reader, ScoringBatch batch, int role, int row, bool isFirst)
    {
        if (isFirst)
        {
            batch.AddRow();
        }

        if (row < batch.Rows)
        {
            batch.Accept(ref reader, row, role);
        }
        else
        {
            reader.Skip();
        }
    }
}
