using System.Buffers;
using System.Globalization;
using System.Text;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Scoring.Bulk;

/// <summary>
/// Writes the answers to a file in the file's own format. JSON lines as the endpoint streams them (<see cref="RecordLinesWriter"/>); CSV with one line for
/// each row:
/// <code>row,key,decision,probability[,probability of each class]|value[,intervalLow,intervalHigh],version,inferenceId[,needsReview],problem</code>
/// </summary>
internal sealed class BulkAnswerWriter(BulkJob job, ServingModel model)
{
    private readonly string[] _classes = [.. model.Card.Classes.Select(Quote)];

    private readonly string[] _columns = ColumnsOf(model);

    /// <summary>The first line of the answer; empty for JSON lines.</summary>
    public byte[] Header() => job.Format == BulkFormat.JsonLines ? [] : Encoding.UTF8.GetBytes(string.Join(',', _columns.Select(Quote)) + "\n");

    private static string[] ColumnsOf(ServingModel model)
    {
        ModelOutputs outputs = model.Outputs;
        return
        [
            "row", .. model.Card.Key is null ? Array.Empty<string>() : ["key"],
            .. outputs.Task == LearningTask.Regression ? ["value"] : (IEnumerable<string>)["decision", "probability"],
            .. outputs.Task == LearningTask.Multiclass ? model.Card.Classes.Select(c => "probability of " + c) : [],
            .. outputs.IntervalHalfWidth is null ? Array.Empty<string>() : ["intervalLow", "intervalHigh"],
            "version", "inferenceId", .. model.Rules.Reviews ? ["needsReview"] : Array.Empty<string>(), "problem",
        ];
    }

    public void WriteRows(IBufferWriter<byte> answers, long firstRow, ScoringBatch batch, RowIds ids)
    {
        if (job.Format == BulkFormat.JsonLines)
        {
            RecordLinesWriter.Write(answers, batch, model, ids);
            return;
        }

        ModelOutputs outputs = model.Outputs;
        var line = new StringBuilder();
        Span<byte> id = stackalloc byte[RowIds.LongestId];
        for (int row = 0; row < batch.Rows; row++)
        {
            ReadOnlySpan<float> values = batch.Outputs.Slice(row * outputs.Width, outputs.Width);
            line.Clear().Append(firstRow + row).Append(',');
            if (model.Card.Key is not null)
            {
                line.Append(Quote(Encoding.UTF8.GetString(batch.Key(row)))).Append(',');
            }

            if (outputs.Task != LearningTask.Regression)
            {
                line.Append(_classes[outputs.Decide(values)]).Append(',');
            }

            Append(line, outputs.Summary(values));
            for (int i = 0; outputs.Task == LearningTask.Multiclass && i < values.Length; i++)
            {
                Append(line, values[i]);
            }

            if (outputs.IntervalHalfWidth is { } half)
            {
                Append(line, (float)(values[^1] - half));
                Append(line, (float)(values[^1] + half));
            }

            line.Append(CultureInfo.InvariantCulture, $"{model.Version},{Encoding.UTF8.GetString(id[..ids.Write(row, id)])},");
            if (model.Rules.Reviews)
            {
                line.Append(batch.NeedsReview(model, row) ? "true," : "false,");
            }

            Write(answers, line.Append('\n'));
        }
    }

    public void WriteProblem(IBufferWriter<byte> answers, long row, ScoringProblem problem)
    {
        if (job.Format == BulkFormat.JsonLines)
        {
            RecordLinesWriter.WriteProblem(answers, row, problem);
            return;
        }

        var line = new StringBuilder().Append(row).Append(',');
        string reason = problem.Findings.Count == 0 ? problem.Detail : string.Join(' ', problem.Findings.Where(f => f.IsError).Select(f => f.Message));
        Write(answers, line.Append(',', _columns.Length - 2).Append(Quote(reason)).Append('\n'));
    }

    private static void Append(StringBuilder line, float number) => line.Append(float.IsFinite(number) ? number.ToString(CultureInfo.InvariantCulture) : "").Append(',');

    private static void Write(IBufferWriter<byte> answers, StringBuilder line) => Encoding.UTF8.GetBytes(line.ToString(), answers);

    // A cell that a spreadsheet would take for a formula is a caller's text all the same; it is quoted, never changed.
    private static string Quote(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
