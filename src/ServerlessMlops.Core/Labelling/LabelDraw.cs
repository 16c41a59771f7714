using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Labelling;

/// <summary>Why a row is to be labelled.</summary>
public enum LabelReason
{
    /// <summary>The model hardly knows.</summary>
    Uncertain,

    /// <summary>The decision was close.</summary>
    CloseCall,

    /// <summary>It is of the segment whose share grew most.</summary>
    DriftedSegment,

    /// <summary>Drawn at random from all the rest.</summary>
    Random,

    /// <summary>A rule of the spec wants a person to look at it.</summary>
    Review,
}

/// <summary>A row that is to be labelled.</summary>
/// <param name="Row">The row.</param>
/// <param name="Reason">Why.</param>
/// <param name="Weight">How many of the day's rows it stands for: 1 over the probability with which rows such as this were drawn.</param>
/// <param name="Usefulness">What the model's outputs say; null where nothing.</param>
public sealed record LabelPick(LoggedPrediction Row, LabelReason Reason, double Weight, Usefulness? Usefulness);

/// <summary>
/// Draws the rows to label from a day's predictions in one pass, with memory for the rows drawn only. The day falls into strata: the most uncertain rows and
/// the closest calls, all of which are taken (weight 1); of the others those of the drifted segment, and the rest, each drawn at random without replacement
/// (weight: rows of the stratum over rows drawn). So a weighted mean over the labelled rows estimates the mean over the day without bias (Horvitz and Thompson, 1952),
/// though most labels go to where the model learns most.
/// </summary>
public sealed class LabelDraw
{
    private readonly TopStratum _uncertain;
    private readonly TopStratum _close;
    private readonly Reservoir _segment;
    private readonly Reservoir _rest;

    /// <summary>An empty draw.</summary>
    /// <param name="spec">How many rows, and which share of them at random.</param>
    /// <param name="certain">Whether the model says how sure it is: not for regressions.</param>
    /// <param name="drifted">Whether there is a drifted segment.</param>
    /// <param name="seed">The same seed and rows draw the same.</param>
    public LabelDraw(LabellingSpec spec, bool certain, bool drifted, int seed)
    {
        ArgumentNullException.ThrowIfNull(spec);
        int random = spec.Rows == 0 ? 0 : Math.Clamp((int)Math.Round(spec.Rows * spec.Random), 1, spec.Rows);
        int picked = certain || drifted ? spec.Rows - random : 0;
        int segment = drifted ? (certain ? picked / 3 : picked) : 0;
        int close = certain ? (picked - segment) / 2 : 0;
        _uncertain = new TopStratum(certain ? picked - segment - close : 0);
        _close = new TopStratum(close);
        var source = new Random(seed);
        _segment = new Reservoir(segment, source);
        _rest = new Reservoir(spec.Rows - _uncertain.Size - close - segment, source);
    }

    /// <summary>Rows offered so far.</summary>
    public long Offered { get; private set; }

    /// <summary>Takes a row or not.</summary>
    /// <param name="row">The row.</param>
    /// <param name="usefulness">What the model's outputs say of it.</param>
    /// <param name="inSegment">Whether it is of the drifted segment.</param>
    public void Offer(LoggedPrediction row, Usefulness? usefulness, bool inSegment)
    {
        Offered++;
        Candidate? loser = new Candidate(row, usefulness, inSegment);
        if (usefulness is { } known)
        {
            loser = _uncertain.Offer(loser, known.Entropy);
            if (loser?.Usefulness is { } left)
            {
                loser = _close.Offer(loser, -left.Margin);
            }
        }

        if (loser is not null)
        {
            (loser.InSegment && _segment.Size > 0 ? _segment : _rest).Offer(loser);
        }
    }

    /// <summary>The rows drawn, those picked for a reason first.</summary>
    /// <param name="scale">Where only a part of the day's log was offered: the whole over that part.</param>
    public IReadOnlyList<LabelPick> Finish(double scale = 1) =>
    [
        .. Picks(_uncertain.Taken, LabelReason.Uncertain, scale),
        .. Picks(_close.Taken, LabelReason.CloseCall, scale),
        .. Picks(_segment.Taken, LabelReason.DriftedSegment, scale * _segment.Weight),
        .. Picks(_rest.Taken, LabelReason.Random, scale * _rest.Weight),
    ];

    private static IEnumerable<LabelPick> Picks(IEnumerable<Candidate> rows, LabelReason reason, double weight) =>
        rows.OrderBy(o => o.Row.At).ThenBy(o => o.Row.InferenceId, StringComparer.Ordinal).Select(o => new LabelPick(o.Row, reason, weight, o.Usefulness));

    private sealed record Candidate(LoggedPrediction Row, Usefulness? Usefulness, bool InSegment);

    /// <summary>The rows of highest rank.</summary>
    private sealed class TopStratum(int size)
    {
        private readonly PriorityQueue<Candidate, double> _lowestFirst = new();

        public int Size => size;

        public IEnumerable<Candidate> Taken => _lowestFirst.UnorderedItems.Select(item => item.Element);

        /// <summary>Takes the row; returns the one that falls out, or null.</summary>
        public Candidate? Offer(Candidate row, double rank)
        {
            if (size == 0)
            {
                return row;
            }

            if (_lowestFirst.Count < size)
            {
                _lowestFirst.Enqueue(row, rank);
                return null;
            }

            return _lowestFirst.EnqueueDequeue(row, rank);
        }
    }

    /// <summary>A uniform sample of what it is offered (Vitter's algorithm R).</summary>
    private sealed class Reservoir(int size, Random random)
    {
        private readonly List<Candidate> _taken = [];
        private long _seen;

        public int Size => size;

        public IEnumerable<Candidate> Taken => _taken;

        public double Weight => _taken.Count == 0 ? 0 : (double)_seen / _taken.Count;

        public void Offer(Candidate row)
        {
            _seen++;
            if (_taken.Count < size)
            {
                _taken.Add(row);
            }
            else if (size > 0 && random.NextInt64(_seen) is var place && place < size)
            {
                _taken[(int)place] = row;
            }
        }
    }
}
