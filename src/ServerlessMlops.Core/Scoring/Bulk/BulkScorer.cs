using System.Buffers;
using System.Text;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Scoring.Mlflow;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Core.Scoring.Bulk;

/// <summary>
/// Scores a piece of a file: whole records in, their answers out, one for each row in the order of the rows. A row that cannot be scored is answered by
/// why. The same piece gives the same bytes. Not thread-safe; one is used for piece after piece.
/// </summary>
public sealed class BulkScorer
{
    private const int StretchBytes = 64 * 1024;
    private static readonly ScoringLimits Limits = new(int.MaxValue, 1_000_000, ScoringLimits.Default.MaxDepth);

    private readonly BulkJob _job;
    private readonly ServingModel _model;
    private readonly byte[] _header;
    private readonly ScoringBatch _batch = new();
    private readonly ArrayBufferWriter<byte> _body = new(StretchBytes + 4096);
    private readonly BulkAnswerWriter _writer;

    private readonly WindowCounter? _counter;

    /// <summary>A scorer of a job's file.</summary>
    /// <param name="job">The job.</param>
    /// <param name="model">The model.</param>
    /// <param name="counter">Counts the rows that are scored; null where they are not counted.</param>
    public BulkScorer(BulkJob job, ServingModel model, WindowCounter? counter = null)
    {
        _counter = counter;
        _job = job;
        _model = model;
        _header = Encoding.UTF8.GetBytes(job.Header.Length > 0 ? job.Header + "\n" : "");
        _writer = new BulkAnswerWriter(job, model);
    }

    /// <summary>What the answer begins with.</summary>
    public byte[] AnswerHeader() => _writer.Header();

    /// <summary>Why no row of the file could be scored, from its header alone; null where some could. Always null for JSON lines, which have none.</summary>
    public ScoringProblem? CheckHeader()
    {
        if (_job.Format == BulkFormat.JsonLines)
        {
            return null;
        }

        _batch.Reset(_model.Signature, _model.Version, Limits);
        return CsvReader.Read(_header, _batch, Limits, (byte)_job.Delimiter);
    }

    /// <summary>Scores whole records.</summary>
    /// <param name="records">The records.</param>
    /// <param name="firstRow">Number of the first of them, from 1.</param>
    /// <param name="log">Where the rows are logged; null where they are not.</param>
    /// <param name="answers">Receives the answers.</param>
    /// <returns>Rows, rejected rows, and what was found.</returns>
    public (long Rows, long Rejected, IReadOnlyList<BulkFinding> Found) Score(ReadOnlySpan<byte> records, long firstRow, PredictionSegment? log, IBufferWriter<byte> answers)
    {
        var tally = new Tally(firstRow);
        while (!records.IsEmpty)
        {
            int length = RecordSplitter.Cut(records, StretchBytes, _job.Format, (byte)_job.Delimiter, isEnd: true);
            ReadOnlySpan<byte> stretch = records[..length];
            if (Read(stretch) is null)
            {
                Answer(tally, log, answers);
            }
            else
            {
                ScoreEach(stretch, tally, log, answers);
            }

            records = records[length..];
        }

        return (tally.Rows, tally.Rejected, tally.Found);
    }

    private void ScoreEach(ReadOnlySpan<byte> stretch, Tally tally, PredictionSegment? log, IBufferWriter<byte> answers)
    {
        while (!stretch.IsEmpty)
        {
            int length = RecordSplitter.Next(stretch, _job.Format, (byte)_job.Delimiter, isEnd: true);
            ReadOnlySpan<byte> record = stretch[..length];
            stretch = stretch[length..];
            if (record.Trim(_job.Format == BulkFormat.Csv ? "\r\n"u8 : " \t\r\n"u8).IsEmpty)
            {
                continue;
            }

            if (Read(record) is not { } problem)
            {
                Answer(tally, log, answers);
                continue;
            }

            tally.Note(_batch, problem);
            _writer.WriteProblem(answers, tally.NextRow, problem);
            tally.Reject();
        }
    }

    private ScoringProblem? Read(ReadOnlySpan<byte> records)
    {
        _batch.Reset(_model.Signature, _model.Version, Limits);
        if (_job.Format == BulkFormat.JsonLines)
        {
            return RecordLinesReader.Read(records, _batch, Limits);
        }

        _body.ResetWrittenCount();
        _body.Write(_header);
        _body.Write(records);
        return CsvReader.Read(_body.WrittenSpan, _batch, Limits, (byte)_job.Delimiter);
    }

    private void Answer(Tally tally, PredictionSegment? log, IBufferWriter<byte> answers)
    {
        if (_batch.Rows == 0)
        {
            return;
        }

        tally.Note(_batch, null);
        _batch.Predict(_model.Predictor);
        if (_counter is not null)
        {
            RowCounting.Count(_batch, _model, _counter);
        }

        // No time is kept of a row: the log of a piece that is done again has to be the same.
        int first = log?.Append(_batch, default, _job.StartedAt, 0) ?? (int)((tally.NextRow - 1) % int.MaxValue);
        byte[] prefix = log?.IdPrefix ?? Encoding.UTF8.GetBytes(InferenceId.Prefix(_model.Card.Pipeline, _job.StartedAt, _job.Instance, -1));
        _writer.WriteRows(answers, tally.NextRow, _batch, new RowIds(_batch, default, prefix, first));
        tally.Add(_batch.Rows);
    }

    /// <summary>Counts what a piece comes to.</summary>
    private sealed class Tally(long firstRow)
    {
        private IReadOnlyList<BulkFinding> _found = [];

        public long Rows { get; private set; }

        public long Rejected { get; private set; }

        public long NextRow => firstRow + Rows;

        public IReadOnlyList<BulkFinding> Found => _found;

        public void Note(ScoringBatch batch, ScoringProblem? problem)
        {
            if (batch.HasFindings)
            {
                _found = BulkProgress.Merge(_found, batch.Findings().Select(f => new BulkFinding(f.Code, f.Column, NextRow + (f.FirstRow ?? 0), Math.Max(1, f.Count))));
            }
            else if (problem is not null)
            {
                _found = BulkProgress.Merge(_found, [new BulkFinding(FindingCode.Malformed, "", NextRow, 1)]);
            }
        }

        public void Add(int rows) => Rows += rows;

        public void Reject()
        {
            Rows++;
            Rejected++;
        }
    }
}
