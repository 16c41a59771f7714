using System.Buffers;
using System.Text;

namespace ServerlessMlops.Core.Scoring.Predictions;

/// <summary>
/// A file of the prediction log while it is in memory: rows of one model version in one hour, as numbers. Taking rows is a copy of a few hundred
/// bytes, which is all that a request waits for; the JSON is made when the file is written. Not thread-safe.
/// </summary>
public sealed class PredictionSegment
{
    // About what a row's other text takes: id, time, names of the fields.
    private const int BytesPerRow = 160;
    private const int BytesPerValue = 12;

    private readonly List<AnsweredRequest> _requests = [];
    private readonly List<RowText> _texts = [];
    private float[] _values = ArrayPool<float>.Shared.Rent(1024);
    private int[] _codes = ArrayPool<int>.Shared.Rent(256);
    private byte[] _text = ArrayPool<byte>.Shared.Rent(1024);
    private int _textLength;

    /// <summary>An empty file.</summary>
    /// <param name="model">The model whose answers it keeps.</param>
    /// <param name="name">Its name.</param>
    /// <param name="openedAt">When it was opened.</param>
    /// <param name="isShadow">Whether its answers went to nobody: a challenger scored what another version had answered.</param>
    public PredictionSegment(ServingModel model, PredictionSegmentName name, DateTimeOffset openedAt, bool isShadow = false)
    {
        IsShadow = isShadow;
        Model = model;
        Name = name;
        OpenedAt = openedAt;
        IdPrefix = Encoding.UTF8.GetBytes(InferenceId.Prefix(name.Pipeline, name.Hour, name.Instance, name.Segment));
    }

    /// <summary>The model whose answers it keeps.</summary>
    public ServingModel Model { get; }

    /// <summary>Its name.</summary>
    public PredictionSegmentName Name { get; }

    /// <summary>
    /// Whether its answers went to nobody. Such a row carries the id of the answer that was given, with <see cref="InferenceId.ShadowSuffix"/>, so that the
    /// two are found together and never taken for one another.
    /// </summary>
    public bool IsShadow { get; }

    /// <summary>When it was opened.</summary>
    public DateTimeOffset OpenedAt { get; }

    /// <summary>See <see cref="InferenceId.Prefix"/>.</summary>
    public byte[] IdPrefix { get; }

    /// <summary>Rows so far.</summary>
    public int Rows { get; private set; }

    /// <summary>About how many bytes the file will take.</summary>
    public long EstimatedBytes { get; private set; }

    /// <summary>About how many bytes those rows would take in a file.</summary>
    public static long Estimate(ScoringBatch batch) => (long)batch.Rows * (BytesPerRow + ((batch.Signature.Width + batch.OutputWidth) * BytesPerValue * 2));

    /// <summary>Takes the rows of an answered request; returns the number of the first.</summary>
    /// <param name="batch">The rows, scored by <see cref="Model"/>.</param>
    /// <param name="requestId">The request's own id; empty where it has none.</param>
    /// <param name="at">When it arrived.</param>
    /// <param name="latencyMicroseconds">How long it took to read and score.</param>
    /// <param name="givenPrefix">Of a shadow: the minted prefix of the rows that were answered; empty where they had ids of the caller.</param>
    /// <param name="givenRow">Of a shadow: the number of the first of those rows.</param>
    public int Append(
        ScoringBatch batch, ReadOnlySpan<byte> requestId, DateTimeOffset at, int latencyMicroseconds, ReadOnlySpan<byte> givenPrefix = default, int givenRow = 0)
    {
        int first = Rows;
        int width = Model.Signature.Width + Model.Outputs.Width;
        Reserve(ref _values, first * width, batch.Rows * width);
        Reserve(ref _codes, first * Model.Signature.CategoryCount, batch.CategoryCodes.Length);

        // Features of all rows, then outputs of all rows: two copies however many rows there are.
        batch.Features.CopyTo(_values.AsSpan(first * width));
        batch.Outputs.CopyTo(_values.AsSpan((first * width) + batch.Features.Length));
        batch.CategoryCodes.CopyTo(_codes.AsSpan(first * Model.Signature.CategoryCount));
        _requests.Add(new AnsweredRequest(
            first, batch.Rows, at, latencyMicroseconds, requestId.IsEmpty ? default : Keep(requestId), givenPrefix.IsEmpty ? default : Keep(givenPrefix), givenRow));
        for (int row = 0; row < batch.Rows && (batch.HasKeys || batch.HasInferenceIds); row++)
        {
            KeepText(first + row, RowText.Key, batch.Key(row));
            KeepText(first + row, RowText.Id, batch.InferenceId(row));
        }

        foreach (ScoringBatch.UnseenCategory unseen in batch.Unseen)
        {
            KeepText(first + unseen.Row, unseen.Input, batch.NameOf(unseen));
        }

        Rows += batch.Rows;
        EstimatedBytes += Estimate(batch);
        return first;
    }

    /// <summary>Makes the file and its index. May be called again, with the same result.</summary>
    public void Render(ArrayBufferWriter<byte> lines, ArrayBufferWriter<byte> index, ValueHasher? hasher = null)
    {
        foreach (int _ in RenderInSteps(lines, index, int.MaxValue, hasher))
        {
        }
    }

    /// <summary>As <see cref="Render"/>, a few rows at each step, so that the caller can let others have the processor between them. Gives the rows made so far.</summary>
    /// <param name="lines">Where the rows go.</param>
    /// <param name="index">Where the index goes, at the last step.</param>
    /// <param name="rowsAtATime">Rows of a step; a request is not split.</param>
    /// <param name="hasher">Hashes the columns that the pipeline wants hashed; without it they are left out.</param>
    public IEnumerable<int> RenderInSteps(ArrayBufferWriter<byte> lines, ArrayBufferWriter<byte> index, int rowsAtATime, ValueHasher? hasher = null)
    {
        // A request brings its keys and ids before its unseen categories; the renderer goes row by row.
        _texts.Sort(static (a, b) => a.Row != b.Row ? a.Row.CompareTo(b.Row) : a.What.CompareTo(b.What));
        var entries = new List<(ReadOnlyMemory<byte> Id, PredictionLine Line)>(Rows);
        var renderer = new PredictionSegmentRenderer(this, hasher);
        while (renderer.RenderNext(rowsAtATime, lines, entries))
        {
            yield return entries.Count;
        }

        PredictionIndex.Write(entries, index);
        yield return entries.Count;
    }

    /// <summary>Gives the memory back; the segment must not be used after.</summary>
    public void Release()
    {
        ArrayPool<float>.Shared.Return(_values);
        ArrayPool<int>.Shared.Return(_codes);
        ArrayPool<byte>.Shared.Return(_text);
        _values = [];
        _codes = [];
        _text = [];
    }

    internal IReadOnlyList<AnsweredRequest> Requests => _requests;

    internal IReadOnlyList<RowText> Texts => _texts;

    internal ReadOnlySpan<RowText> TextSpan(int start, int count) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_texts).Slice(start, count);

    internal ReadOnlySpan<float> FeaturesOf(AnsweredRequest request, int row) =>
        _values.AsSpan((request.FirstRow * (Model.Signature.Width + Model.Outputs.Width)) + (row * Model.Signature.Width), Model.Signature.Width);

    internal ReadOnlySpan<float> OutputsOf(AnsweredRequest request, int row) =>
        _values.AsSpan(
            (request.FirstRow * (Model.Signature.Width + Model.Outputs.Width)) + (request.Rows * Model.Signature.Width) + (row * Model.Outputs.Width), Model.Outputs.Width);

    internal ReadOnlySpan<int> CodesOf(int row) => _codes.AsSpan(row * Model.Signature.CategoryCount, Model.Signature.CategoryCount);

    internal ReadOnlySpan<byte> TextOf(TextSlice slice) => _text.AsSpan(slice.Start, slice.Length);

    private void KeepText(int row, int what, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            _texts.Add(new RowText(row, what, Keep(bytes)));
        }
    }

    private TextSlice Keep(ReadOnlySpan<byte> bytes)
    {
        Reserve(ref _text, _textLength, bytes.Length);
        bytes.CopyTo(_text.AsSpan(_textLength));
        var slice = new TextSlice(_textLength, bytes.Length);
        _textLength += bytes.Length;
        EstimatedBytes += bytes.Length;
        return slice;
    }

    private static void Reserve<T>(ref T[] array, int used, int more)
    {
        if (used + more > array.Length)
        {
            T[] larger = ArrayPool<T>.Shared.Rent(Math.Max(used + more, array.Length * 2));
            array.AsSpan(0, used).CopyTo(larger);
            ArrayPool<T>.Shared.Return(array);
            array = larger;
        }
    }

    /// <summary>A request's rows in the file.</summary>
    internal readonly record struct AnsweredRequest(
        int FirstRow, int Rows, DateTimeOffset At, int LatencyMicroseconds, TextSlice Id, TextSlice GivenPrefix, int GivenRow);

    /// <summary>A piece of text of a row: its key, its own id, or (0 and up) the unseen category of that input.</summary>
    internal readonly record struct RowText(int Row, int What, TextSlice Slice)
    {
        public const int Key = -1;
        public const int Id = -2;
    }

    /// <summary>A stretch of the kept text.</summary>
    internal readonly record struct TextSlice(int Start, int Length);
}
