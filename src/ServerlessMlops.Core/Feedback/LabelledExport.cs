using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Core.Feedback;

/// <summary>
/// How far labelled predictions have been put into files to learn from: which cuts (<see cref="JoinedHour.Cut"/>) of which hours are in the files so far, and which will be in the
/// next. What goes into a file is settled before it is written, so that whoever writes it, how often and after whatever crash, each label is in one file.
/// </summary>
public sealed record LabelledExport
{
    /// <summary>Number of the next file.</summary>
    public long Number { get; init; } = 1;

    /// <summary>Cuts that are in earlier files, by hour (<c>yyyyMMddHH</c>, UTC).</summary>
    public IReadOnlyDictionary<string, long> Taken { get; init; } = new Dictionary<string, long>();

    /// <summary>Cuts up to which the next file goes, by hour; null while that is not settled.</summary>
    public IReadOnlyDictionary<string, long>? Next { get; init; }

    /// <summary>After the next file was written.</summary>
    /// <param name="oldest">Hours before it get no labels any more and are forgotten.</param>
    public LabelledExport Written(string oldest) => Next is null ? this : new LabelledExport
    {
        Number = Number + 1,
        Taken = Taken.Concat(Next).Where(hour => string.CompareOrdinal(hour.Key, oldest) >= 0)
            .GroupBy(hour => hour.Key, StringComparer.Ordinal).ToDictionary(hour => hour.Key, hour => hour.Max(cut => cut.Value), StringComparer.Ordinal),
    };
}

/// <summary>Files of labelled predictions to learn from, and how far they go.</summary>
public interface ILabelledExports
{
    /// <summary>How far the files go, with the mark that <see cref="SaveAsync"/> asks for.</summary>
    Task<(LabelledExport Export, string? ETag)> LoadAsync(string pipeline, CancellationToken cancellation);

    /// <summary>Keeps how far they go if nobody else has since; false where somebody has.</summary>
    Task<bool> SaveAsync(string pipeline, LabelledExport export, string? etag, CancellationToken cancellation);

    /// <summary>Puts a file among the uploads; where it is there already, that one stays. Returns the version that stands.</summary>
    Task<Upload> PutAsync(string path, ReadOnlyMemory<byte> csv, CancellationToken cancellation);

    /// <summary>The hours that have labels, from <paramref name="since"/> on, by time.</summary>
    Task<IReadOnlyList<DateTimeOffset>> ListHoursAsync(string pipeline, DateTimeOffset since, CancellationToken cancellation);
}
