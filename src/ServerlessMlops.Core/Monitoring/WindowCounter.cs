using System.Runtime.CompilerServices;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// Counts live traffic to one model version in one process: into the groups that the model was trained with, in constant memory. Any
/// number of threads count at once without allocating; <see cref="TakeSnapshot"/> moves what was counted out, losing and doubling nothing.
/// </summary>
/// <remarks>
/// Cells are kept once per few processors ("stripes") so that threads rarely write to the same cache line. A request that is being counted
/// during a snapshot may fall half into this window and half into the next; sums over windows are exact.
/// </remarks>
public sealed class WindowCounter
{
    /// <summary>Argument of <see cref="CountCategory"/>: no value.</summary>
    public const int MissingCategory = -1;

    /// <summary>Argument of <see cref="CountCategory"/>: a name not seen in training.</summary>
    public const int UnknownCategory = -2;

    private readonly WindowSums[] _stripes;
    private readonly double[][] _edges;
    private readonly int[][] _groupOfCategory;
    private readonly double[] _min;
    private readonly double[] _max;
    private readonly double[] _outputEdges;
    private readonly double _threshold;
    private readonly ModelCard _card;
    private readonly Lock _snapshot = new();
    private long _sequence;

    /// <summary>A counter at zero.</summary>
    /// <param name="card">The model's card.</param>
    /// <param name="version">The model's version.</param>
    /// <param name="instance">A name that no other process has, and that this one does not take again after a restart.</param>
    /// <exception cref="ArgumentException">The card has not one reference for each input.</exception>
    public WindowCounter(ModelCard card, int version, string instance)
    {
        ArgumentNullException.ThrowIfNull(card);
        if (card.Reference.Count != card.Inputs.Count)
        {
            throw new ArgumentException(
                $"Card of '{card.Pipeline}' version {version} has {card.Inputs.Count} inputs and {card.Reference.Count} reference distributions; expected one for each input.",
                nameof(card));
        }

        _card = card;
        Version = version;
        Instance = instance;
        _stripes = [.. Enumerable.Range(0, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 8)))
            .Select(_ => WindowSums.Empty(card))];
        _edges = [.. card.Reference.Select(feature => feature.Edges.ToArray())];
        _min = [.. card.Reference.Select(feature => feature.Min ?? double.NegativeInfinity)];
        _max = [.. card.Reference.Select(feature => feature.Max ?? double.PositiveInfinity)];
        _groupOfCategory = [.. card.Reference.Zip(card.Inputs, GroupsOfCategories)];
        _outputEdges = [.. card.OutputReference.Edges];
        _threshold = card.Task == LearningTask.Binary ? card.Threshold : double.NaN;
    }

    /// <summary>The pipeline.</summary>
    public string Pipeline => _card.Pipeline;

    /// <summary>The model version.</summary>
    public int Version { get; }

    /// <summary>The process.</summary>
    public string Instance { get; }

    /// <summary>Counts the value of a number feature; NaN is missing.</summary>
    /// <param name="feature">Index into <see cref="ModelCard.Inputs"/>.</param>
    /// <param name="value">The value as the model gets it.</param>
    public void CountNumber(int feature, float value)
    {
        WindowSums stripe = Stripe();
        Interlocked.Increment(ref stripe.Features[feature][FeatureGroups.GroupOf(_edges[feature], value)]);
        if (value < _min[feature] || value > _max[feature])
        {
            Interlocked.Increment(ref stripe.OutOfRange[feature]);
        }
    }

    /// <summary>Counts the value of a category feature.</summary>
    /// <param name="feature">Index into <see cref="ModelCard.Inputs"/>.</param>
    /// <param name="category">
    /// Index into the input's <see cref="FeatureSignature.Categories"/>, <see cref="MissingCategory"/>, or <see cref="UnknownCategory"/>
    /// (any other number counts as unknown).
    /// </param>
    public void CountCategory(int feature, int category)
    {
        WindowSums stripe = Stripe();
        int[] groups = _groupOfCategory[feature];
        long[] counts = stripe.Features[feature];
        if ((uint)category < (uint)groups.Length)
        {
            Interlocked.Increment(ref counts[groups[category]]);
        }
        else if (category == MissingCategory)
        {
            Interlocked.Increment(ref counts[^1]);
        }
        else
        {
            Interlocked.Increment(ref counts[^2]);
            Interlocked.Increment(ref stripe.Unknown[feature]);
        }
    }

    /// <summary>Counts an answer.</summary>
    /// <param name="value">Probability of the positive class (binary) or of the winning class (multiclass), or the value (regression).</param>
    /// <param name="keyGroup">Group of the row's key; see <see cref="KeyGroups.Of"/>.</param>
    public void CountOutput(double value, int keyGroup = KeyGroups.None)
    {
        WindowSums stripe = Stripe();
        int group = FeatureGroups.GroupOf(_outputEdges, value);
        Interlocked.Increment(ref stripe.Outputs[group]);
        if (!double.IsFinite(value))
        {
            return;
        }

        AddTo(ref stripe.OutputSums[group], value);
        if (keyGroup >= 0)
        {
            Interlocked.Increment(ref stripe.KeyRows[keyGroup]);
            AddTo(ref stripe.KeySums[keyGroup], value);
        }

        if (value >= _threshold)
        {
            Interlocked.Increment(ref stripe.PositivesCell);
            AddTo(ref stripe.PositiveSumCell, value);
        }
    }

    /// <summary>Counts a request, whatever became of it.</summary>
    /// <param name="latency">From the first byte in to the last byte out.</param>
    /// <param name="status">HTTP status.</param>
    public void CountRequest(TimeSpan latency, int status)
    {
        WindowSums stripe = Stripe();
        Interlocked.Increment(ref stripe.Statuses[StatusClasses.Of(status)]);
        Interlocked.Increment(ref stripe.Latencies[LatencyGroups.Of(latency)]);
    }

    /// <summary>Moves what was counted since the last snapshot into a row, and starts at zero; null where nothing was counted.</summary>
    /// <param name="at">Now; the row's minute is the one it lies in.</param>
    public WindowRow? TakeSnapshot(DateTimeOffset at)
    {
        lock (_snapshot)
        {
            WindowSums taken = WindowSums.Empty(_card);
            foreach (WindowSums stripe in _stripes)
            {
                for (int feature = 0; feature < taken.Features.Length; feature++)
                {
                    Move(stripe.Features[feature], taken.Features[feature]);
                }

                Move(stripe.OutOfRange, taken.OutOfRange);
                Move(stripe.Unknown, taken.Unknown);
                Move(stripe.Outputs, taken.Outputs);
                Move(stripe.Statuses, taken.Statuses);
                Move(stripe.Latencies, taken.Latencies);
                Move(stripe.OutputSums, taken.OutputSums);
                Move(stripe.KeyRows, taken.KeyRows);
                Move(stripe.KeySums, taken.KeySums);

                taken.Positives += Interlocked.Exchange(ref stripe.PositivesCell, 0);
                taken.PositiveSum += Interlocked.Exchange(ref stripe.PositiveSumCell, 0);
            }

            return taken.IsEmpty ? null : new WindowRow(Pipeline, Version, Instance, ++_sequence, WindowRow.MinuteOf(at), taken);
        }
    }

    private static int[] GroupsOfCategories(FeatureGroups reference, FeatureSignature input)
    {
        var groups = reference.Categories.Select((name, group) => (name, group)).ToDictionary(pair => pair.name, pair => pair.group, StringComparer.Ordinal);
        return [.. input.Categories.Select(name => groups.GetValueOrDefault(name, reference.RestGroup))];
    }

    private static void Move(long[] from, long[] to)
    {
        for (int i = 0; i < from.Length; i++)
        {
            to[i] += Interlocked.Exchange(ref from[i], 0);
        }
    }

    private static void Move(double[] from, double[] to)
    {
        for (int i = 0; i < from.Length; i++)
        {
            to[i] += Interlocked.Exchange(ref from[i], 0);
        }
    }

    private static void AddTo(ref double cell, double value)
    {
        double seen = Volatile.Read(ref cell);
        for (double found; (found = Interlocked.CompareExchange(ref cell, seen + value, seen)) != seen; seen = found)
        {
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WindowSums Stripe() => _stripes[Thread.GetCurrentProcessorId() & (_stripes.Length - 1)];
}
