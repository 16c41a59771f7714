using System.Numerics;
using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Profiling;

/// <summary>A hash for each row of a chunk, gathered column by column: rows with the same values in the same order have the same.</summary>
internal sealed class RowHasher
{
    private ulong[] _hashes = [];
    private int _rows;

    /// <summary>The hashes of the last chunk.</summary>
    public ReadOnlySpan<ulong> Hashes => _hashes.AsSpan(0, _rows);

    public void Run(ColumnTable table)
    {
        _rows = table.RowCount;
        if (_hashes.Length < _rows)
        {
            _hashes = new ulong[Math.Max(_rows, _hashes.Length * 2)];
        }

        var hashes = _hashes.AsSpan(0, _rows);
        hashes.Fill(0x9E3779B97F4A7C15);
        foreach (var column in table.Columns)
        {
            switch (column)
            {
                case NumberColumn numbers:
                    Add(hashes, numbers.Values);
                    break;
                case IntegerColumn integers:
                    Add(hashes, integers.Values);
                    break;
                case TimestampColumn times:
                    Add(hashes, times.Values);
                    break;
                case CategoryColumn categories:
                    Add(hashes, categories);
                    break;
                case BooleanColumn booleans:
                    for (int row = 0; row < hashes.Length; row++)
                    {
                        hashes[row] = Join(hashes[row], booleans.Values[row]);
                    }

                    break;
                case TextColumn texts:
                    Add(hashes, texts);
                    break;
            }
        }

        for (int row = 0; row < hashes.Length; row++)
        {
            hashes[row] = Utf8Hash.Of(hashes[row]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Join(ulong hash, ulong value) => (BitOperations.RotateLeft(hash, 27) ^ value) * 0xA0761D6478BD642F;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(Span<ulong> hashes, ReadOnlySpan<double> values)
    {
        for (int row = 0; row < hashes.Length; row++)
        {
            ulong bits = BitConverter.DoubleToUInt64Bits(values[row] + 0.0);
            hashes[row] = Join(hashes[row], bits ^ bits >> 29);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(Span<ulong> hashes, ReadOnlySpan<long> values)
    {
        for (int row = 0; row < hashes.Length; row++)
        {
            hashes[row] = Join(hashes[row], (ulong)values[row]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(Span<ulong> hashes, CategoryColumn column)
    {
        var codes = column.Codes;
        var names = column.Dictionary;
        for (int row = 0; row < hashes.Length; row++)
        {
            hashes[row] = Join(hashes[row], codes[row] < 0 ? 0 : names.HashOf(codes[row]));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(Span<ulong> hashes, TextColumn column)
    {
        for (int row = 0; row < hashes.Length; row++)
        {
            hashes[row] = Join(hashes[row], Utf8Hash.Of(column.Utf8At(row)));
        }
    }
}
