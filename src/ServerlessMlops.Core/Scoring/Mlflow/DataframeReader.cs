using System.Text.Json;

namespace ServerlessMlops.Core.Scoring.Mlflow;

/// <summary>Reads <c>dataframe_split</c> and <c>dataframe_records</c>, the two orientations of a data frame in JSON.</summary>
internal static class DataframeReader
{
    /// <summary>Reads <c>{"columns": [...], "data": [[...], ...], "index": [...]}</c>, in any order; the index says nothing and is skipped.</summary>
    public static void ReadSplit(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ScoringBatch batch)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestReading.Malformed($"\"dataframe_split\" is {RequestReading.Describe(reader.TokenType)}; expected an object with \"columns\" and \"data\".");
        }

        bool hasColumns = false;
        bool hasData = false;
        bool isDeferred = false;
        Utf8JsonReader deferred = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("columns"u8))
            {
                RefuseSecond(hasColumns, "columns");
                hasColumns = true;
                ReadColumns(ref reader, batch);
            }
            else if (reader.ValueTextEquals("data"u8))
            {
                RefuseSecond(hasData, "data");
                hasData = true;
                reader.Read();
                if (hasColumns)
                {
                    ReadRows(ref reader, body, batch);
                }
                else
                {
                    // What the values are is said further on: remember the place, and come back.
                    isDeferred = true;
                    deferred = reader;
                    reader.Skip();
                }
            }
            else
            {
                reader.Skip();
            }
        }

        if (!hasColumns || !hasData)
        {
            throw RequestReading.Malformed($"\"dataframe_split\" has no \"{(hasColumns ? "data" : "columns")}\"; expected an object with \"columns\" and \"data\".");
        }

        if (isDeferred)
        {
            ReadRows(ref deferred, body, batch);
        }
    }

    /// <summary>Reads <c>[{"column": value, ...}, ...]</c>.</summary>
    public static void ReadRecords(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ScoringBatch batch)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw RequestReading.Malformed($"\"dataframe_records\" is {RequestReading.Describe(reader.TokenType)}; expected an array of objects.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            ReadRecord(ref reader, body, batch);
        }

        if (reader.TokenType != JsonTokenType.EndArray)
        {
            throw RequestReading.Malformed($"Row {batch.Rows} of \"dataframe_records\" is {RequestReading.Describe(reader.TokenType)}; expected an object.");
        }
    }

    /// <summary>Reads the record that the reader stands at the beginning of, as a row.</summary>
    public static void ReadRecord(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ScoringBatch batch)
    {
        int row = batch.AddRow();
        batch.BeginColumns();
        for (int ordinal = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; ordinal++)
        {
            int role = batch.RoleOfProperty(ref reader, body, ordinal);
            if (!batch.Give(role))
            {
                if (role >= 0)
                {
                    batch.CountError(FindingCode.DuplicateColumn, role, row);
                }
                else
                {
                    batch.AddRequestFinding(FindingCode.DuplicateColumn, Text.Excerpt(batch.StringOf(ref reader)));
                }
            }

            reader.Read();
            batch.Accept(ref reader, row, role);
        }

        batch.EndRecord(row);
    }

    /// <summary>Reads <c>[[...], ...]</c>, one value for each of the batch's columns in each row.</summary>
    public static void ReadRows(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, ScoringBatch batch)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw RequestReading.Malformed($"\"data\" is {RequestReading.Describe(reader.TokenType)}; expected an array of rows, each an array of values.");
        }

        if (batch.MayScan && MatrixScanner.TryRead(body, (int)reader.BytesConsumed, batch, out int end))
        {
            // To the general reader the array is an empty one: it has seen the opening bracket, and goes on at the closing one.
            batch.WasScanned = true;
            reader = new Utf8JsonReader(body[end..], isFinalBlock: true, reader.CurrentState);
            reader.Read();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            ReadRow(ref reader, batch);
        }

        if (reader.TokenType != JsonTokenType.EndArray)
        {
            throw RequestReading.Malformed($"Row {batch.Rows} of \"data\" is {RequestReading.Describe(reader.TokenType)}; expected an array of values.");
        }
    }

    /// <summary>Reads the array that the reader stands at the beginning of, as a row.</summary>
    public static void ReadRow(ref Utf8JsonReader reader, ScoringBatch batch)
    {
        int row = batch.AddRow();
        ReadOnlySpan<int> roles = batch.Roles;
        int position = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (position < roles.Length)
            {
                batch.Accept(ref reader, row, roles[position]);
            }
            else
            {
                reader.Skip();
            }

            position++;
        }

        if (position != roles.Length)
        {
            batch.CountRowLength(row, roles.Length);
        }
    }

    private static void ReadColumns(ref Utf8JsonReader reader, ScoringBatch batch)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw RequestReading.Malformed($"\"columns\" is {RequestReading.Describe(reader.TokenType)}; expected an array of column names.");
        }

        batch.BeginColumns();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            batch.AddColumn(batch.StringOf(ref reader));
        }

        if (reader.TokenType != JsonTokenType.EndArray)
        {
            throw RequestReading.Malformed($"Column {batch.Roles.Length} of \"columns\" is {RequestReading.Describe(reader.TokenType)}; expected a column name.");
        }

        batch.EndColumns();
    }

    private static void RefuseSecond(bool isSecond, string name)
    {
        if (isSecond)
        {
            throw RequestReading.Malformed($"\"dataframe_split\" has \"{name}\" twice; give it once.");
        }
    }
}
