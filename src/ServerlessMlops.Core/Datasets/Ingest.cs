using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Core.Datasets;

/// <summary>
/// Makes a batch of an upload: reads it once in constant memory, checks schema and expectations, sets bad rows aside with reasons, profiles and writes
/// the rest, and names it by its content. What the file says never makes it throw; only the streams it is given can.
/// </summary>
public static class Ingest
{
    /// <summary>As <see cref="RunAsync(IngestRequest, CancellationToken)"/>, of a stream; if that is seekable it can be read a second time.</summary>
    public static Task<BatchResult> RunAsync(Stream source, string name, PipelineSpec spec, TableSchema? expected, Stream arrowOut, Stream rejectedOut, CancellationToken cancellationToken)
    {
        int opened = 0;
        return RunAsync(
            new IngestRequest
            {
                Open = _ =>
                {
                    if (opened++ > 0)
                    {
                        source.Seek(0, SeekOrigin.Begin);
                    }

                    return ValueTask.FromResult<Stream>(new ReadThroughStream(source));
                },
                Name = name,
                Spec = spec,
                Expected = expected,
                Arrow = arrowOut,
                Rejected = rejectedOut,
            },
            source.CanSeek,
            cancellationToken);
    }

    /// <summary>Reads, checks and writes an upload.</summary>
    public static Task<BatchResult> RunAsync(IngestRequest request, CancellationToken cancellationToken) => RunAsync(request, true, cancellationToken);

    private static async Task<BatchResult> RunAsync(IngestRequest request, bool canReread, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, ColumnType> corrections = new Dictionary<string, ColumnType>();
        for (int pass = 1; ; pass++)
        {
            var attempt = new IngestAttempt(request, corrections);
            BatchResult result;
            await using (var source = await request.Open(cancellationToken))
            {
                result = await attempt.RunAsync(source, cancellationToken);
            }

            // Corrections only ever widen a type, so there are two or three passes at most; nearly always there is one.
            if (attempt.Corrections.Count == 0 || !canReread || pass == 3)
            {
                return result;
            }

            corrections = corrections.Concat(attempt.Corrections).GroupBy(c => c.Key).ToDictionary(g => g.Key, g => g.Last().Value);
            foreach (var output in new[] { request.Arrow, request.Rejected })
            {
                output.Seek(0, SeekOrigin.Begin);
                output.SetLength(0);
            }
        }
    }
}
